// Verifies a webhook of Centralita: exits 0 if it is genuine. The body comes from the standard input.
import { createHmac, timingSafeEqual } from "node:crypto";
import { readFileSync } from "node:fs";

// Header names in lower case; the body a Buffer, exactly as it arrived.
export function isGenuine(headers, body, secret) {
  const id = headers["webhook-id"], sentAt = headers["webhook-timestamp"];
  if (!id || !/^\d+$/.test(sentAt ?? "") || Math.abs(Date.now() / 1000 - Number(sentAt)) > 300) return false;
  const key = Buffer.from(secret.replace(/^whsec_/, ""), "base64");
  const signed = Buffer.concat([Buffer.from(`${id}.${sentAt}.`), body]);
  const expected = Buffer.from("v1," + createHmac("sha256", key).update(signed).digest("base64"));
  return (headers["webhook-signature"] ?? "").split(" ").some((each) => {
    const given = Buffer.from(each);
    return given.length === expected.length && timingSafeEqual(given, expected);
  });
}

const names = ["webhook-id", "webhook-timestamp", "webhook-signature"];
const headers = Object.fromEntries(names.map((name) => [name, process.env[name.toUpperCase().replaceAll("-", "_")]]));
process.exit(isGenuine(headers, readFileSync(0), process.env.ERP_WEBHOOK_SECRET) ? 0 : 1);
