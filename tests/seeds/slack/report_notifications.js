// Notification Templates, "Report Notifications". What it takes for granted stands above. Slack has retired
// files.upload: the file goes by the external upload instead.
const fs = require("node:fs");
const { WebClient } = require("@slack/web-api");

const slack = new WebClient(process.env.SLACK_BOT_TOKEN, { slackApiUrl: process.env.SLACK_API_URL });

// Report generation notification
async function notifyReportComplete(report, channel) {
  const message = {
    channel: channel,
    blocks: [
      {
        type: "section",
        text: {
          type: "mrkdwn",
          text: `📊 *Report Generated Successfully*\n*Report:* ${report.name}\n*Type:* ${report.type}\n*Period:* ${report.period}`,
        },
        accessory: {
          type: "image",
          image_url: report.preview_url,
          alt_text: "Report preview",
        },
      },
      {
        type: "section",
        text: {
          type: "mrkdwn",
          text: `*Summary:*\n${report.summary}`,
        },
      },
      {
        type: "actions",
        elements: [
          {
            type: "button",
            text: {
              type: "plain_text",
              text: "Download PDF",
            },
            url: report.pdf_url,
          },
          {
            type: "button",
            text: {
              type: "plain_text",
              text: "View Online",
            },
            url: report.web_url,
          },
          {
            type: "button",
            text: {
              type: "plain_text",
              text: "Share",
            },
            action_id: "share_report",
            value: report.id,
          },
        ],
      },
    ],
  };

  // Upload report as file
  if (report.attach_file) {
    await slack.filesUploadV2({
      channel_id: channel,
      file: fs.readFileSync(report.file_path),
      filename: `${report.name}.pdf`,
      initial_comment: "Full report attached",
    });
  }

  return await slack.chat.postMessage(message);
}

const report = {
  id: "rep_7",
  name: "Semana 10",
  type: "weekly",
  period: "2026-W10",
  summary: "42 tickets",
  preview_url: "https://nopesight.com/reports/rep_7.png",
  pdf_url: "https://nopesight.com/reports/rep_7.pdf",
  web_url: "https://nopesight.com/reports/rep_7",
  attach_file: true,
  file_path: process.env.REPORT,
};
notifyReportComplete(report, "C0REPORTS").then(({ ts }) => console.log(JSON.stringify({ ts })));
