// @slack/web-api and @slack/socket-mode by themselves. One line of JSON on stdout when it listens, with what it found.
const { LogLevel, SocketModeClient } = require("@slack/socket-mode");
const { WebClient, WebClientEvent } = require("@slack/web-api");

const { SLACK_API_URL, SLACK_APP_TOKEN, SLACK_BOT_TOKEN } = process.env;
const options = { slackApiUrl: SLACK_API_URL, logLevel: LogLevel.ERROR };
const web = new WebClient(SLACK_BOT_TOKEN, options);
const socket = new SocketModeClient({ appToken: SLACK_APP_TOKEN, clientOptions: options, logLevel: LogLevel.ERROR });

async function failure(call) {
  try {
    await call;
    return null;
  } catch (error) {
    return { code: error.code, ...error.data };
  }
}

async function look() {
  const found = { channels: [], refused: [] };
  for await (const page of web.paginate("conversations.list", { limit: 4 })) found.channels.push(page.channels.map((one) => one.name));
  found.who = (await web.users.lookupByEmail({ email: "ana@example.com" })).user.id;
  const { ts } = await web.chat.postMessage({ channel: "#reports", text: "Informe" });
  await web.filesUploadV2({ channel_id: "C0REPORTS", thread_ts: ts, content: "a;b\n", filename: "a.csv", title: "A" });
  const header = { type: "header", text: { type: "plain_text", text: "x".repeat(151) } };
  found.refused.push(await failure(web.chat.postMessage({ channel: "#reports", text: "x", blocks: [header] })));
  found.refused.push(await failure(web.chat.postMessage({ channel: "#nowhere", text: "x" })));
  const strict = new WebClient(SLACK_BOT_TOKEN, { ...options, rejectRateLimitedCalls: true });
  strict.on(WebClientEvent.RATE_LIMITED, (seconds) => (found.retry_after_s = seconds));
  await strict.chat.postMessage({ channel: "#alerts", text: "one" });
  await strict.chat.postMessage({ channel: "#alerts", text: "two" });
  const refused = await failure(strict.chat.postMessage({ channel: "#alerts", text: "three" }));
  found.limited = refused?.code;
  return found;
}

socket.on("slash_commands", async ({ ack, body }) => ack({ text: `heard ${body.text}` }));
socket.on("interactive", async ({ ack }) => ack());
socket.on("message", async ({ ack, event }) => {
  await ack();
  if (!event.bot_id) await web.reactions.add({ channel: event.channel, timestamp: event.ts, name: "eyes" });
});

(async () => {
  const found = await look();
  await socket.start();
  console.log(JSON.stringify(found));
})();
