<?php
// Verifies a webhook of Centralita: exits 0 if it is genuine. The body comes from the standard input.
// The signature says nothing of when it was sent: keep each webhook-id that was seen, and do nothing twice.

// The body exactly as it arrived: file_get_contents('php://input'). What is signed is the body without its signature.
function is_genuine(string $body, string $secret): bool
{
    if (!preg_match('/^(.*)"signature": "([0-9a-f]{64})", (.*)$/sD', $body, $parts)) {
        return false;
    }
    $key = str_starts_with($secret, 'whsec_') ? base64_decode(substr($secret, 6), true) : $secret;
    return hash_equals(hash_hmac('sha256', $parts[1] . $parts[3], $key), $parts[2]);
}

exit(is_genuine(file_get_contents('php://stdin'), getenv('ERP_WEBHOOK_SECRET')) ? 0 : 1);
