// Verifies a webhook of Centralita: exits 0 if it is genuine. The body comes from the standard input.
// The signature says nothing of when it was sent: keep each webhook-id that was seen, and do nothing twice.
import { createHmac, timingSafeEqual } from "node:crypto";
import { readFileSync } from "node:fs";

const HEADER = "@HEADER@";
const ALGORITHM = "@ALGORITHM@";
const ENCODING = "@ENCODING@";
const PREFIX = "@PREFIX@";

// Header names in lower case; the body a Buffer, exactly as it arrived.
export function isGenuine(headers, body, secret) {
  const expected = Buffer.from(PREFIX + createHmac(ALGORITHM, secret).update(body).digest(ENCODING));
  const given = Buffer.from(headers[HEADER] ?? "");
  return given.length === expected.length && timingSafeEqual(given, expected);
}

const headers = { [HEADER]: process.env[HEADER.toUpperCase().replaceAll("-", "_")] };
process.exit(isGenuine(headers, readFileSync(0), process.env.ERP_WEBHOOK_SECRET) ? 0 : 1);
