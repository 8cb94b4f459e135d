// The certified provider for Node: one client, one person, and its own pages for signing in and agreeing.
const { default: Provider } = await import(`${process.env.MODULES}/oidc-provider/lib/index.js`);
const port = Number(process.env.PORT);

const provider = new Provider(`http://127.0.0.1:${port}`, {
  clients: [{
    client_id: process.env.CLIENT_ID,
    client_secret: process.env.CLIENT_SECRET,
    redirect_uris: [process.env.REDIRECT_URI],
    response_types: ["code"],
    grant_types: ["authorization_code"],
  }],
  claims: { openid: ["sub"], email: ["email", "email_verified"], profile: ["preferred_username"] },
  findAccount: (_context, id) => ({
    accountId: id,
    claims: () => ({ sub: id, email: "ana@example.com", email_verified: true, preferred_username: "ana.g" }),
  }),
});
provider.listen(port, "127.0.0.1", () => console.log("listening"));
