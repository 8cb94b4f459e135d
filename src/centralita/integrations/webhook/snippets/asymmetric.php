<?php
// Verifies a webhook of Centralita: exits 0 if it is genuine. The body comes from the standard input.

// Header names in lower case; the body exactly as it arrived: file_get_contents('php://input'); the key as whpk_...
function is_genuine(array $headers, string $body, string $public_key): bool
{
    $id = $headers['webhook-id'] ?? '';
    $sent_at = $headers['webhook-timestamp'] ?? '';
    if ($id === '' || !ctype_digit($sent_at) || abs(time() - (int) $sent_at) > 300) {
        return false;
    }
    $key = base64_decode(preg_replace('/^whpk_/', '', $public_key), true);
    foreach (explode(' ', $headers['webhook-signature'] ?? '') as $given) {
        $signature = str_starts_with($given, 'v1a,') ? (string) base64_decode(substr($given, 4), true) : '';
        if (strlen($signature) === 64 && sodium_crypto_sign_verify_detached($signature, "$id.$sent_at.$body", $key)) {
            return true;
        }
    }
    return false;
}

$headers = [];
foreach (['webhook-id', 'webhook-timestamp', 'webhook-signature'] as $name) {
    $headers[$name] = (string) getenv(strtoupper(str_replace('-', '_', $name)));
}
exit(is_genuine($headers, file_get_contents('php://stdin'), getenv('ERP_WEBHOOK_PUBLIC_KEY')) ? 0 : 1);
