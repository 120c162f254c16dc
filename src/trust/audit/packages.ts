/** A package or image that a command runs in a version that may change. */
export interface UnpinnedProgram {
  readonly kind: 'package' | 'image';
  readonly name: string;
  /** Says which version is run: `the newest version`. */
  readonly version: string;
}

/** How a program that runs packages is told which. */
interface Runner {
  /** The words between the program and the package, such as `dlx`; any one of these lists. */
  readonly verbs: readonly (readonly string[])[];
  /** Options with a value that is the package. */
  readonly names: readonly string[];
  /** Options with another value. */
  readonly values: readonly string[];
  readonly ecosystem: 'npm' | 'python';
}

const NPM = { values: ['--registry', '--cache', '-c', '--call', '--prefix'], ecosystem: 'npm' } as const;
const PACKAGE = ['-p', '--package'];
const PYTHON = {
  values: [
    '--python',
    '-p',
    '--with',
    '--index',
    '--index-url',
    '--default-index',
    '--extra-index-url',
    '--directory',
    '--project',
  ],
  ecosystem: 'python',
} as const;

const RUNNERS: Readonly<Record<string, Runner>> = {
  npx: { verbs: [[]], names: PACKAGE, ...NPM },
  bunx: { verbs: [[]], names: PACKAGE, ...NPM },
  pnpx: { verbs: [[]], names: PACKAGE, ...NPM },
  npm: { verbs: [['exec'], ['x']], names: PACKAGE, ...NPM },
  pnpm: { verbs: [['dlx']], names: PACKAGE, ...NPM },
  yarn: { verbs: [['dlx']], names: PACKAGE, ...NPM },
  bun: { verbs: [['x']], names: PACKAGE, ...NPM },
  uvx: { verbs: [[]], names: ['--from'], ...PYTHON },
  uv: { verbs: [['tool', 'run'], ['x']], names: ['--from'], ...PYTHON },
  pipx: { verbs: [['run']], names: ['--spec'], ...PYTHON },
};

const CONTAINERS = new Set(['docker', 'podman', 'nerdctl']);

/** Options of `docker run` without a value. */
const SWITCHES = new Set([
  '--rm',
  '--init',
  '--interactive',
  '--tty',
  '--detach',
  '--privileged',
  '--read-only',
  '--quiet',
  '--publish-all',
  '--no-healthcheck',
  '--oom-kill-disable',
  '--sig-proxy',
  '--disable-content-trust',
]);

/** How many programs may stand before the one that is run: `env`, a shell, `cmd /c`. */
const MAX_WRAPPERS = 5;

/** What a command line runs in a version that is not fixed; undefined when it is fixed, or nothing that is fetched. */
export function unpinnedProgram(command: string, args: readonly string[]): UnpinnedProgram | undefined {
  let words = /\s/.test(command) && args.length === 0 ? splitWords(command) : [command, ...args];
  for (let nr = 0; nr < MAX_WRAPPERS; nr++) {
    const inner = unwrapped(words);
    if (inner === undefined) break;
    words = inner;
  }
  const [program = '', ...rest] = words;
  const name = programName(program);
  if (CONTAINERS.has(name)) return unpinnedImage(rest);
  const runner = Object.hasOwn(RUNNERS, name) ? RUNNERS[name] : undefined;
  return runner && unpinnedPackage(runner, rest);
}

/** The words without a program that only starts another; undefined when there is none. */
function unwrapped(words: readonly string[]): string[] | undefined {
  const [program = '', ...rest] = words;
  switch (programName(program)) {
    case 'env': {
      const start = rest.findIndex((word) => !/^[A-Za-z_]\w*=/.test(word) && !word.startsWith('-'));
      return start < 0 ? undefined : rest.slice(start);
    }
    case 'cmd':
      return /^\/[ck]$/i.test(rest[0] ?? '') ? rest.slice(1) : undefined;
    case 'sh':
    case 'bash':
    case 'zsh': {
      const at = rest.findIndex((word) => /^-[a-z]*c$/.test(word));
      const script = at < 0 ? undefined : rest[at + 1];
      return script === undefined ? undefined : splitWords(script.replace(/^\s*exec\s+/, ''));
    }
    default:
      return undefined;
  }
}

function programName(program: string): string {
  return program
    .replace(/^.*[\\/]/, '')
    .replace(/\.(?:cmd|exe|ps1|bat)$/i, '')
    .toLowerCase();
}

function splitWords(text: string): string[] {
  return (text.match(/"[^"]*"|'[^']*'|\S+/g) ?? []).map((word) => word.replace(/^(["'])(.*)\1$/s, '$2'));
}

function unpinnedPackage(runner: Runner, given: readonly string[]): UnpinnedProgram | undefined {
  const verb = runner.verbs.find((words) => words.every((word, nr) => given[nr] === word));
  if (verb === undefined) return undefined;
  const args = given.slice(verb.length);
  const named: string[] = [];
  for (let nr = 0; nr < args.length; nr++) {
    const word = args[nr] ?? '';
    const [, option = '', value] = /^(--?[\w-]+)=(.*)$/s.exec(word) ?? [];
    if (runner.names.includes(option)) named.push(value ?? '');
    else if (runner.names.includes(word)) named.push(args[++nr] ?? '');
    else if (runner.values.includes(word)) nr++;
    else if (word === '--') continue;
    else if (!word.startsWith('-')) {
      if (named.length === 0) named.push(word);
      break;
    }
  }
  for (const name of named) {
    const version = runner.ecosystem === 'npm' ? looseInNpm(name) : looseInPython(name);
    if (version !== undefined) return { kind: 'package', name, version };
  }
  return undefined;
}

const NEWEST = 'the newest version';
const EXACT = /^v?\d+\.\d+\.\d+(?:[-+.][\w.+-]+)?$/;
const COMMIT = /[#@][0-9a-f]{40}$/i;

/** Which version npm runs, when it is not fixed; undefined when it is. */
function looseInNpm(spec: string): string | undefined {
  if (spec === '' || /^(?:\.{0,2}[\\/]|[a-z]:\\|file:|\$\{)/i.test(spec)) return undefined;
  if (
    /^(?:git\+|git:|github:|gitlab:|bitbucket:|https?:)/i.test(spec) ||
    /^[\w.-]+\/[\w.-]+(?:#|$)/.test(spec)
  )
    return COMMIT.test(spec) ? undefined : 'what its repository has then';
  const at = spec.indexOf('@', 1);
  if (at < 0) return NEWEST;
  const version = spec.slice(at + 1);
  if (EXACT.test(version) || version.startsWith('${')) return undefined;
  return version === 'latest' || version === '' ? NEWEST : `the newest version that fits "${version}"`;
}

/** The same for Python: `name==1.2.3`, or `name@1.2.3` of uvx. */
function looseInPython(spec: string): string | undefined {
  if (spec === '' || /^(?:\.{0,2}[\\/]|[a-z]:\\|file:|\$\{)/i.test(spec)) return undefined;
  if (/^(?:git\+|https?:)/i.test(spec)) return COMMIT.test(spec) ? undefined : 'what its repository has then';
  const [, version] = /^[\w.-]+(?:\[[^\]]*\])?(?:===?|@)(.+)$/.exec(spec) ?? [];
  if (version !== undefined && (/^\d+(?:\.\d+)+[\w.+-]*$/.test(version) || version.startsWith('${')))
    return undefined;
  const [, range] = /^[\w.-]+(?:\[[^\]]*\])?\s*([<>=~!@].*)$/.exec(spec) ?? [];
  return range === undefined || range === '@latest' ? NEWEST : `the newest version that fits "${range}"`;
}

function unpinnedImage(args: readonly string[]): UnpinnedProgram | undefined {
  const run = args.findIndex((word) => word === 'run');
  if (run < 0) return undefined;
  const rest = args.slice(run + 1);
  for (let nr = 0; nr < rest.length; nr++) {
    const word = rest[nr] ?? '';
    if (!word.startsWith('-')) return looseImage(word);
    const isSwitch = SWITCHES.has(word) || /^-[itdPq]+$/.test(word) || word.includes('=');
    // A short option may have its value in the same word: -eNAME.
    if (!isSwitch && !/^-[a-z][^-].*/i.test(word)) nr++;
  }
  return undefined;
}

function looseImage(name: string): UnpinnedProgram | undefined {
  if (name.includes('@sha256:') || name.startsWith('${')) return undefined;
  const tag = /:([\w.-]+|\$\{.*\})$/.exec(name.replace(/^[^/]*:\d+\//, ''))?.[1];
  if (tag !== undefined && /\d|\$\{/.test(tag)) return undefined;
  const version = tag === undefined || tag === 'latest' ? NEWEST : `the image that is tagged "${tag}" then`;
  return { kind: 'image', name, version };
}
