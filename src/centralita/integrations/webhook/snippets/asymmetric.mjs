// Verifies a webhook of Centralita: exits 0 if it is genuine. The body comes from the standard input.
import { createPublicKey, verify } from "node:crypto";
import { readFileSync } from "node:fs";

// Header names in lower case; the body a Buffer, exactly as it arrived; the key as whpk_...
export function isGenuine(headers, body, publicKey) {
  const id = headers["webhook-id"], sentAt = headers["webhook-timestamp"];
  if (!id || !/^\d+$/.test(sentAt ?? "") || Math.abs(Date.now() / 1000 - Number(sentAt)) > 300) return false;
  const x = Buffer.from(publicKey.replace(/^whpk_/, ""), "base64").toString("base64url");
  const key = createPublicKey({ key: { kty: "OKP", crv: "Ed25519", x }, format: "jwk" });
  const signed = Buffer.concat([Buffer.from(`${id}.${sentAt}.`), body]);
  return (headers["webhook-signature"] ?? "").split(" ").some((each) =>
    each.startsWith("v1a,") && verify(null, signed, key, Buffer.from(each.slice(4), "base64")));
}

const names = ["webhook-id", "webhook-timestamp", "webhook-signature"];
const headers = Object.fromEntries(names.map((name) => [name, process.env[name.toUpperCase().replaceAll("-", "_")]]));
process.exit(isGenuine(headers, readFileSync(0), process.env.ERP_WEBHOOK_PUBLIC_KEY) ? 0 : 1);
