// Interactive Components, "Message Actions". What it takes for granted stands above; then it is posted.
const { WebClient } = require("@slack/web-api");

const slack = new WebClient(process.env.SLACK_BOT_TOKEN, { slackApiUrl: process.env.SLACK_API_URL });
const channelId = "C0ALERTS";
const event = {
  id: "evt_42",
  title: "Disk full",
  severity: "critical",
  timestamp: "2026-03-02T10:15:00Z",
  description: "/var on srv-01 is at 99 %",
};

// Interactive message with actions
const interactiveMessage = {
  channel: channelId,
  blocks: [
    {
      type: "section",
      text: {
        type: "mrkdwn",
        text: `🚨 *Critical Alert*: ${event.title}\n*Severity:* ${event.severity}\n*Time:* ${event.timestamp}`,
      },
    },
    {
      type: "section",
      text: {
        type: "mrkdwn",
        text: event.description,
      },
      accessory: {
        type: "button",
        text: {
          type: "plain_text",
          text: "View Details",
        },
        url: `https://nopesight.com/events/${event.id}`,
      },
    },
    {
      type: "actions",
      elements: [
        {
          type: "button",
          text: {
            type: "plain_text",
            text: "Acknowledge",
          },
          style: "primary",
          action_id: "acknowledge_event",
          value: event.id,
        },
        {
          type: "button",
          text: {
            type: "plain_text",
            text: "Create Incident",
          },
          action_id: "create_incident",
          value: event.id,
        },
        {
          type: "button",
          text: {
            type: "plain_text",
            text: "Run Playbook",
          },
          action_id: "run_playbook",
          value: event.id,
        },
      ],
    },
  ],
};

slack.chat.postMessage(interactiveMessage).then(({ ts }) => console.log(JSON.stringify({ ts })));
