// Slash Commands, "Command Registration". Prints what it registers.

// Register slash commands in Slack app
const slashCommands = [
  {
    command: '/nopesight',
    description: 'Interact with NopeSight CMDB and monitoring',
    usage_hint: '[status|search|report|help] [options]',
  },
  {
    command: '/cmdb',
    description: 'Query configuration items',
    usage_hint: '[search|show|update] [query]',
  },
  {
    command: '/incident',
    description: 'Manage incidents',
    usage_hint: '[create|update|resolve] [options]',
  },
];

console.log(JSON.stringify({ slashCommands }));
