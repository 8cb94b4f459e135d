<?php
// Verifies a webhook of Centralita: exits 0 if it is genuine. The body comes from the standard input.
// The signature says nothing of when it was sent: keep each webhook-id that was seen, and do nothing twice.

const HEADER = "@HEADER@";
const ALGORITHM = "@ALGORITHM@";
const ENCODING = "@ENCODING@";
const PREFIX = "@PREFIX@";

// Header names in lower case; the body exactly as it arrived: file_get_contents('php://input').
function is_genuine(array $headers, string $body, string $secret): bool
{
    $digest = hash_hmac(ALGORITHM, $body, $secret, true);
    $written = ENCODING === 'hex' ? bin2hex($digest) : base64_encode($digest);
    return hash_equals(PREFIX . $written, $headers[HEADER] ?? '');
}

$headers = [HEADER => (string) getenv(strtoupper(str_replace('-', '_', HEADER)))];
exit(is_genuine($headers, file_get_contents('php://stdin'), getenv('ERP_WEBHOOK_SECRET')) ? 0 : 1);
