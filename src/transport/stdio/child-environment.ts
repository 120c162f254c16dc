import type { StdioServerSpec } from '../../server-spec.ts';

type Environment = Readonly<Record<string, string | undefined>>;

const MINIMAL_POSIX = ['HOME', 'LOGNAME', 'PATH', 'SHELL', 'TERM', 'USER'];

/** Their counterparts on Windows, and variables without which hardly any Windows program starts. */
const MINIMAL_WINDOWS = [
  'APPDATA',
  'HOMEDRIVE',
  'HOMEPATH',
  'LOCALAPPDATA',
  'PATH',
  'PROCESSOR_ARCHITECTURE',
  'PROGRAMFILES',
  'SYSTEMDRIVE',
  'SYSTEMROOT',
  'TEMP',
  'USERNAME',
  'USERPROFILE',
];

/**
 * The environment of a server: of this process's variables only a minimal set and those that the spec asks for,
 * so that no server sees another's secrets; then the spec's own, which win.
 */
export function childEnvironment(
  spec: Pick<StdioServerSpec, 'env' | 'inheritEnv'>,
  source: Environment = process.env,
  platform: NodeJS.Platform = process.platform,
): Record<string, string> {
  const child = new Variables(platform);
  for (const [name, value] of Object.entries(inherited(spec.inheritEnv ?? false, source, platform))) {
    // Old versions of bash export functions so: that is code, and not data.
    if (value !== undefined && !value.startsWith('()')) child.set(name, value);
  }
  for (const [name, value] of Object.entries(spec.env ?? {})) child.set(name, value);
  return child.values;
}

/** The folder of Windows's own programs. They are started by full path: other folders may hold programs of the same name. */
export function windowsSystemFolder(source: Environment = process.env): string {
  return `${source.SystemRoot ?? 'C:\\Windows'}\\System32`;
}

function inherited(
  choice: boolean | readonly string[],
  source: Environment,
  platform: NodeJS.Platform,
): Environment {
  if (choice === true) return source;
  const minimal = platform === 'win32' ? MINIMAL_WINDOWS : MINIMAL_POSIX;
  const names = choice === false ? minimal : [...minimal, ...choice];
  return Object.fromEntries(names.map((name) => [name, source[name]]));
}

/** Names differ by case on POSIX, not on Windows: there `Path` must replace `PATH`, or the child gets either. */
class Variables {
  readonly values: Record<string, string> = {};
  readonly #foldCase: boolean;

  constructor(platform: NodeJS.Platform) {
    this.#foldCase = platform === 'win32';
  }

  set(name: string, value: string): void {
    if (this.#foldCase) {
      const same = Object.keys(this.values).find((each) => each.toUpperCase() === name.toUpperCase());
      if (same !== undefined) delete this.values[same];
    }
    this.values[name] = value;
  }
}
