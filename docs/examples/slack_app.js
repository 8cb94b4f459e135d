const { App } = require("@slack/bolt");

const app = new App({
  token: process.env.SLACK_BOT_TOKEN,
  appToken: process.env.SLACK_APP_TOKEN,
  socketMode: true,
  clientOptions: { slackApiUrl: process.env.SLACK_API_URL },
});

app.command("/hola", async ({ ack, command }) => ack(`Hola, ${command.text}`));

app.start().then(() => console.log("ready"));
