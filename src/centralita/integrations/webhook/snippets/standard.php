<?php
// Verifies a webhook of Centralita: exits 0 if it is genuine. The body comes from the standard input.

// Header names in lower case; the body exactly as it arrived: file_get_contents('php://input').
function is_genuine(array $headers, string $body, string $secret): bool
{
    $id = $headers['webhook-id'] ?? '';
    $sent_at = $headers['webhook-timestamp'] ?? '';
    if ($id === '' || !ctype_digit($sent_at) || abs(time() - (int) $sent_at) > 300) {
        return false;
    }
    $key = base64_decode(preg_replace('/^whsec_/', '', $secret), true);
    $expected = 'v1,' . base64_encode(hash_hmac('sha256', "$id.$sent_at.$body", $key, true));
    foreach (explode(' ', $headers['webhook-signature'] ?? '') as $given) {
        if (hash_equals($expected, $given)) {
            return true;
        }
    }
    return false;
}

$headers = [];
foreach (['webhook-id', 'webhook-timestamp', 'webhook-signature'] as $name) {
    $headers[$name] = (string) getenv(strtoupper(str_replace('-', '_', $name)));
}
exit(is_genuine($headers, file_get_contents('php://stdin'), getenv('ERP_WEBHOOK_SECRET')) ? 0 : 1);
