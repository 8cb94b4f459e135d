// The app of the scenarios in Bolt for JavaScript; desk.py beside is the same in Python.
// Its first line on stdout is JSON: where it listens, in HTTP mode.
const { App, LogLevel } = require("@slack/bolt");

const { SLACK_API_URL, SLACK_APP_TOKEN, SLACK_BOT_TOKEN, SLACK_SIGNING_SECRET, MODE } = process.env;
const INCIDENTS = "C0INCIDENTS";

const app = new App({
  token: SLACK_BOT_TOKEN,
  signingSecret: SLACK_SIGNING_SECRET,
  appToken: SLACK_APP_TOKEN,
  socketMode: MODE === "socket",
  clientOptions: { slackApiUrl: SLACK_API_URL },
  logLevel: LogLevel.ERROR,
});

const plain = (text) => ({ type: "plain_text", text });
const button = (action_id, text) => ({ type: "button", action_id, value: "42", text: plain(text) });

const form = (title, callback_id = "incident") => ({
  type: "modal",
  callback_id,
  title: plain(title),
  submit: plain("Create"),
  notify_on_close: callback_id === "incident",
  private_metadata: "from the form",
  blocks: [
    { type: "input", block_id: "title", label: plain("Title"), element: { type: "plain_text_input", action_id: "text" } },
    {
      type: "input",
      block_id: "service",
      optional: true,
      label: plain("Service"),
      element: { type: "external_select", action_id: "which", min_query_length: 1 },
    },
    { type: "actions", block_id: "row", elements: [button("more", "More"), button("rename", "Rename")] },
  ],
});

const deeds = {
  async hello({ ack }, text) {
    await ack(`hello ${text}`);
  },
  async post({ ack, client, command }, text) {
    await ack();
    const channel = command.channel_id;
    const blocks = [{ type: "section", text: { type: "mrkdwn", text } }, { type: "actions", elements: [button("take", "Take")] }];
    const { ts } = await client.chat.postMessage({ channel, text, blocks });
    await client.chat.postMessage({ channel, text: "in its thread", thread_ts: ts });
    await client.chat.update({ channel, ts, text: `${text}, updated` });
  },
  async burst({ ack, client, command }, text) {
    await ack();
    for (const number of [1, 2, 3]) await client.chat.postMessage({ channel: command.channel_id, text: `${text} ${number}` });
  },
  async file({ ack, client, command }, text) {
    await ack();
    const file = Buffer.from("ticket;estado\n42;abierto\n");
    await client.files.uploadV2({ channel_id: command.channel_id, file, filename: "informe.csv", title: "Informe", initial_comment: text });
  },
};

app.command("/desk", async (given) => {
  const [deed, ...rest] = given.command.text.split(" ");
  await deeds[deed](given, rest.join(" "));
});

app.shortcut("new_incident", async ({ ack, client, body }) => {
  await ack();
  await client.views.open({ trigger_id: body.trigger_id, view: form("Incident") });
});

app.shortcut("make_ticket", async ({ ack, client, body }) => {
  await ack();
  await client.chat.postMessage({ channel: body.channel.id, thread_ts: body.message.ts, text: `Ticket: ${body.message.text}` });
});

app.action("take", async ({ ack, respond, body }) => {
  await ack();
  await respond({ replace_original: true, text: `Taken by <@${body.user.id}>` });
});

app.action("more", async ({ ack, client, body }) => {
  await ack();
  await client.views.push({ trigger_id: body.trigger_id, view: form("Details", "details") });
});

app.action("rename", async ({ ack, client, body }) => {
  await ack();
  await client.views.update({ view_id: body.view.id, hash: body.view.hash, view: form("Renamed") });
});

app.options("which", async ({ ack, body }) => {
  const found = ["mail", "maps", "printing"].filter((name) => name.startsWith(body.value));
  await ack({ options: found.map((name) => ({ text: plain(name), value: name })) });
});

app.view("incident", async ({ ack, client, view }) => {
  const title = view.state.values.title.text.value;
  if (title === "short") return ack({ response_action: "errors", errors: { title: "Too short" } });
  if (title === "again") return ack({ response_action: "update", view: form("Again") });
  if (title === "further") return ack({ response_action: "push", view: form("Further", "details") });
  if (title === "enough") return ack({ response_action: "clear" });
  await ack();
  const service = view.state.values.service.which.selected_option?.value ?? "no service";
  await client.chat.postMessage({ channel: INCIDENTS, text: `${title}, ${service}, ${view.private_metadata}` });
});

app.view({ callback_id: "incident", type: "view_closed" }, async ({ ack, client, body }) => {
  await ack();
  await client.chat.postMessage({ channel: INCIDENTS, text: `closed, all: ${body.is_cleared}` });
});

app.event("app_mention", async ({ event, say }) => {
  await say({ text: `You called, <@${event.user}>?`, thread_ts: event.thread_ts ?? event.ts });
});

app.event("app_home_opened", async ({ event, client }) => {
  const blocks = [{ type: "header", text: plain("My incidents") }];
  await client.views.publish({ user_id: event.user, view: { type: "home", blocks } });
});

app.message("ping", async ({ say }) => {
  await say("pong");
});

app.start(0).then((server) => console.log(JSON.stringify({ port: server?.address?.()?.port ?? 0 })));
