import { parseCount, parseExpiry, parsePort } from './options.ts';

/** An option of one command. */
export interface OptionDefinition {
  readonly flags: string;
  readonly help: string;
  readonly parse?: (text: string) => unknown;
  /** May be given several times. */
  readonly many?: boolean;
}

/** One word, or a command and its sub-command. */
export type CommandName =
  | 'servers'
  | 'tools'
  | 'resources'
  | 'prompts'
  | 'describe'
  | 'call'
  | 'read'
  | 'prompt'
  | 'complete'
  | 'ping'
  | 'health'
  | 'watch'
  | 'serve'
  | 'import'
  | 'config check'
  | 'trust'
  | 'doctor'
  | 'login'
  | 'logout'
  | 'auth status'
  | 'keys add'
  | 'keys list'
  | 'keys remove'
  | 'types'
  | 'lock'
  | 'lock diff'
  | 'lock accept'
  | 'lock check'
  | 'audit'
  | 'completion';

/** The description of a command, which is known before the command is loaded. */
export interface CommandDefinition {
  readonly name: CommandName;
  readonly summary: string;
  /** Its arguments, as its usage shows them. */
  readonly usage?: string;
  /** How many arguments it takes at least, and at most. */
  readonly operands: readonly [least: number, most: number];
  /**
   * Whether it takes servers: those of the configuration, or one on the command line. `by name`: its arguments are
   * names of servers, as those of `--server`.
   */
  readonly servers: boolean | 'by name';
  readonly options?: readonly OptionDefinition[];
  readonly examples: readonly string[];
}

const KEY_FILE: OptionDefinition = {
  flags: '--key-file <file>',
  help: "the API keys (default: those of the configuration's gateway, else your own)",
};

const OUT: OptionDefinition = {
  flags: '-o, --out <path>',
  help: 'save images and other binary parts there: a file, or a folder',
};

export const COMMANDS: readonly CommandDefinition[] = [
  {
    name: 'servers',
    summary: 'show every server: state, era, time to connect, what it offers, last error',
    usage: '[server...]',
    operands: [0, Infinity],
    servers: 'by name',
    examples: ['plenum servers', 'plenum servers "git*" --json', 'plenum servers -- npx -y some-server'],
  },
  {
    name: 'tools',
    summary: 'list tools',
    usage: '[filter...]',
    operands: [0, Infinity],
    servers: true,
    examples: ['plenum tools', 'plenum tools read "*file*"', 'plenum tools https://example.com/mcp'],
  },
  {
    name: 'resources',
    summary: 'list resources and resource templates',
    usage: '[filter...]',
    operands: [0, Infinity],
    servers: true,
    examples: ['plenum resources', 'plenum resources "file:*" --server files'],
  },
  {
    name: 'prompts',
    summary: 'list prompts',
    usage: '[filter...]',
    operands: [0, Infinity],
    servers: true,
    examples: ['plenum prompts', 'plenum prompts review --json'],
  },
  {
    name: 'describe',
    summary: 'show one tool, prompt, resource or template, its schema as a table',
    usage: '<name>',
    operands: [1, 1],
    servers: true,
    examples: ['plenum describe files__read_text_file', 'plenum describe echo -- npx -y some-server'],
  },
  {
    name: 'call',
    summary: 'call a tool',
    usage: '<tool> [key=value | key=@file | key:=json | -]...',
    operands: [1, Infinity],
    servers: true,
    options: [
      {
        flags: '-a, --args <json>',
        help: 'the arguments as a JSON object, @file that holds one, or - for standard input',
      },
      OUT,
    ],
    examples: [
      'plenum call files__read_text_file path=notes.md head=10',
      'plenum call files__edit_file path=notes.md "edits[0].oldText=old" "edits[0].newText=new"',
      `plenum call memory__create_entities 'entities:=[{"name":"Ada","entityType":"person","observations":[]}]'`,
      'plenum call shop__order --args @order.json',
      'cat order.json | plenum call shop__order -',
      'plenum call https://example.com/mcp search query=plenum',
    ],
  },
  {
    name: 'read',
    summary: 'read a resource',
    usage: '<uri>',
    operands: [1, 1],
    servers: true,
    options: [{ ...OUT, help: 'save what it holds there: a file, or a folder' }],
    examples: ['plenum read file:///srv/notes.md', 'plenum read ui://logo --out logo.png'],
  },
  {
    name: 'prompt',
    summary: 'get a prompt',
    usage: '<name> [key=value]...',
    operands: [1, Infinity],
    servers: true,
    options: [OUT],
    examples: ['plenum prompt docs__summary length=short'],
  },
  {
    name: 'complete',
    summary: 'ask a server to complete an argument of a prompt or resource template',
    usage: '<prompt|template> <argument> [value] [key=value]...',
    operands: [2, Infinity],
    servers: true,
    examples: ['plenum complete docs__summary length sh', 'plenum complete "file:///{path}" path /srv/n'],
  },
  {
    name: 'ping',
    summary: 'ping servers and measure the time',
    usage: '[server...]',
    operands: [0, Infinity],
    servers: 'by name',
    options: [{ flags: '-n, --count <times>', help: 'how often (default: 1)', parse: parseCount }],
    examples: ['plenum ping', 'plenum ping memory --count 5'],
  },
  {
    name: 'health',
    summary: 'say which servers are healthy',
    usage: '[server...]',
    operands: [0, Infinity],
    servers: 'by name',
    examples: ['plenum health', 'plenum health --json --timeout 5s'],
  },
  {
    name: 'watch',
    summary: 'show states and events as they happen, and follow the configuration, until Ctrl-C',
    usage: '[server...]',
    operands: [0, Infinity],
    servers: 'by name',
    examples: ['plenum watch', 'plenum watch memory --json'],
  },
  {
    name: 'serve',
    summary: 'serve all servers as one MCP server, over HTTP or with --stdio, until Ctrl-C',
    usage: '[server...]',
    operands: [0, Infinity],
    servers: 'by name',
    options: [
      { flags: '--stdio', help: 'serve one client over standard input and output' },
      {
        flags: '--port <n>',
        help: 'listen on this port, or on any that is free with 0 (default: 8931)',
        parse: parsePort,
      },
      { flags: '--host <address>', help: 'listen on this address (default: 127.0.0.1)' },
      { flags: '--path <path>', help: 'the path of the endpoint (default: /mcp)' },
      { flags: '--key-file <file>', help: 'let in whoever has one of these API keys, see "plenum keys"' },
      {
        flags: '--cluster <url>',
        help: 'share this Redis with other nodes, with the secrets of gateway.cluster in the configuration',
      },
    ],
    examples: [
      'plenum serve',
      'plenum serve --port 9000 "git*"',
      'plenum serve --stdio -- npx -y some-server',
    ],
  },
  {
    name: 'import',
    summary: "list servers in the files of known editors, and copy them into Plenum's",
    usage: '[filter...]',
    operands: [0, Infinity],
    servers: false,
    options: [
      {
        flags: '--from <editor>',
        help: 'only from these: cursor, vscode, claude-desktop, …; repeatable',
        many: true,
      },
      { flags: '--to <file>', help: 'where to copy them (default: --config, or plenum.json here)' },
      { flags: '--all', help: 'copy all that are listed' },
      { flags: '--replace', help: 'replace servers that are there already' },
    ],
    examples: [
      'plenum import',
      'plenum import github "file*"',
      'plenum import --from cursor --all --to plenum.json',
    ],
  },
  {
    name: 'config check',
    summary: 'check a configuration and say where it is wrong; opens nothing',
    usage: '[file]',
    operands: [0, 1],
    servers: false,
    examples: ['plenum config check', 'plenum config check .vscode/mcp.json --json'],
  },
  {
    name: 'trust',
    summary: "show what a project's configuration would run, and agree to it; starts nothing",
    usage: '[file]',
    operands: [0, 1],
    servers: false,
    options: [
      { flags: '--show', help: 'only show it, all of it' },
      { flags: '--list', help: 'list the files that you have agreed to' },
      { flags: '--revoke', help: 'take the consent back' },
    ],
    examples: [
      'plenum trust',
      'plenum trust --show',
      'plenum trust --list',
      'plenum trust --revoke .mcp.json',
    ],
  },
  {
    name: 'doctor',
    summary: 'say what is wrong with servers, and what to do',
    usage: '[server...]',
    operands: [0, Infinity],
    servers: 'by name',
    examples: ['plenum doctor', 'plenum doctor github', 'plenum doctor https://example.com/mcp'],
  },
  {
    name: 'login',
    summary: 'sign in to servers, with a browser',
    usage: '<server...>',
    operands: [0, Infinity],
    servers: 'by name',
    options: [{ flags: '--no-browser', help: 'only print the URL to open' }],
    examples: ['plenum login issues', 'plenum login https://example.com/mcp --no-browser'],
  },
  {
    name: 'logout',
    summary: 'forget the tokens of servers',
    usage: '<server...>',
    operands: [0, Infinity],
    servers: 'by name',
    options: [{ flags: '--all', help: 'of all servers of the configuration' }],
    examples: ['plenum logout issues', 'plenum logout --all'],
  },
  {
    name: 'auth status',
    summary: 'say where you are signed in',
    usage: '[server...]',
    operands: [0, Infinity],
    servers: 'by name',
    examples: ['plenum auth status', 'plenum auth status issues --json'],
  },
  {
    name: 'keys add',
    summary: 'make an API key for a client of "plenum serve"; it is shown once',
    usage: '<name>',
    operands: [1, 1],
    servers: false,
    options: [
      KEY_FILE,
      {
        flags: '--scope <scope>',
        help: 'a scope of the key, for the rules of gateway.clients; repeatable',
        many: true,
      },
      {
        flags: '--expires <time>',
        help: 'in 12h, 90d, or on 2027-01-31 (default: never)',
        parse: parseExpiry,
      },
    ],
    examples: ['plenum keys add ci', 'plenum keys add ada --expires 90d --scope read --key-file keys.json'],
  },
  {
    name: 'keys list',
    summary: 'list API keys: name, id, scopes, when they were made and when they expire',
    operands: [0, 0],
    servers: false,
    options: [KEY_FILE],
    examples: ['plenum keys list', 'plenum keys list --json'],
  },
  {
    name: 'keys remove',
    summary: 'remove API keys, by name or id: nobody comes in with them any more',
    usage: '<name...>',
    operands: [1, Infinity],
    servers: false,
    options: [KEY_FILE],
    examples: ['plenum keys remove ci'],
  },
  {
    name: 'types',
    summary: "print TypeScript types of every tool's arguments and results",
    usage: '[filter...]',
    operands: [0, Infinity],
    servers: true,
    options: [{ flags: '-o, --out <file>', help: 'write them to a file' }],
    examples: ['plenum types > tools.d.ts', 'plenum types --server files --out src/tools.ts'],
  },
  {
    name: 'lock',
    summary: 'approve what servers offer now: write it to plenum.lock.json beside the configuration',
    usage: '[server...]',
    operands: [0, Infinity],
    servers: 'by name',
    examples: ['plenum lock', 'plenum lock github'],
  },
  {
    name: 'lock diff',
    summary: 'show what differs from the lock; starts no server that is reached in another way',
    operands: [0, 0],
    servers: true,
    examples: ['plenum lock diff', 'plenum lock diff --server github --json'],
  },
  {
    name: 'lock accept',
    summary: 'approve what differs from the lock: all of it, or that of a server or a tool',
    usage: '[server|tool]',
    operands: [0, 1],
    servers: true,
    options: [
      {
        flags: '--digest <digest>',
        help: 'only what "plenum lock diff" has shown with this digest; repeatable',
        many: true,
      },
    ],
    examples: ['plenum lock accept', 'plenum lock accept github', 'plenum lock accept github__create_issue'],
  },
  {
    name: 'lock check',
    summary: 'as lock diff, with exit code 6 when anything differs, or a server is not in the lock',
    operands: [0, 0],
    servers: true,
    examples: ['plenum lock check', 'plenum lock check --json'],
  },
  {
    name: 'audit',
    summary: 'look for what is risky in a configuration, and in what its servers offer',
    usage: '[server...]',
    operands: [0, Infinity],
    servers: 'by name',
    options: [{ flags: '--offline', help: 'look at the file alone, and start nothing' }],
    examples: ['plenum audit', 'plenum audit --offline --json'],
  },
  {
    name: 'completion',
    summary: 'print a script that completes commands, options and servers',
    usage: '<bash|zsh|fish>',
    operands: [0, 1],
    servers: false,
    options: [
      { flags: '--servers', help: 'print the names of the configured servers, as the scripts ask for them' },
    ],
    examples: [
      'source <(plenum completion bash)',
      'plenum completion zsh > "${fpath[1]}/_plenum"',
      'plenum completion fish > ~/.config/fish/completions/plenum.fish',
    ],
  },
];

/** Options of every command. */
export const GLOBAL_OPTIONS: readonly OptionDefinition[] = [
  { flags: '-c, --config <file>', help: 'the configuration (default: the nearest, else your own)' },
  { flags: '-s, --server <name>', help: 'only these servers, by name or glob; repeatable', many: true },
  { flags: '--json', help: 'print JSON' },
  { flags: '-t, --timeout <time>', help: 'for connecting and for each request: 500 (ms), 30s, 2m' },
  { flags: '--root <folder>', help: 'a folder that servers get as a root; repeatable', many: true },
  {
    flags: '--header <header>',
    help: '"Name: value", for a URL on the command line; repeatable',
    many: true,
  },
  {
    flags: '--env <variable>',
    help: 'NAME=value, or NAME to pass it on, for a command after --; repeatable',
    many: true,
  },
  { flags: '--trust', help: "agree to this project's configuration for this run, as it is now" },
  { flags: '-v, --verbose', help: 'show logs, problems and standard error of servers' },
  { flags: '--no-color', help: 'no colors; NO_COLOR in the environment does the same' },
];
