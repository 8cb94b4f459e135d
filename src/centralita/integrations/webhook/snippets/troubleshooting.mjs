// Verifies a webhook of Centralita: exits 0 if it is genuine. The body comes from the standard input.
// The signature says nothing of when it was sent: keep each webhook-id that was seen, and do nothing twice.
import { createHmac, timingSafeEqual } from "node:crypto";
import { readFileSync } from "node:fs";

// The body a string, exactly as it arrived. Its signature stands inside: what is signed is the body without it.
export function isGenuine(body, secret) {
  const parts = body.match(/^(.*)"signature": "([0-9a-f]{64})", (.*)$/s);
  if (!parts) return false;
  const key = secret.startsWith("whsec_") ? Buffer.from(secret.slice(6), "base64") : secret;
  const expected = createHmac("sha256", key).update(parts[1] + parts[3]).digest();
  return timingSafeEqual(expected, Buffer.from(parts[2], "hex"));
}

process.exit(isGenuine(readFileSync(0, "utf8"), process.env.ERP_WEBHOOK_SECRET) ? 0 : 1);
