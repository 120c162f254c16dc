import { COMMANDS, GLOBAL_OPTIONS, type OptionDefinition } from './command-table.ts';

export const SHELLS = ['bash', 'zsh', 'fish'] as const;

type Shell = (typeof SHELLS)[number];

const TOP_LEVEL = [...new Set(COMMANDS.map(({ name }) => name.split(' ', 1)[0] ?? '')), 'help'];

/** The completion script for a shell. It calls `plenum completion --servers` for the names of servers. */
export function completionScript(shell: Shell): string {
  switch (shell) {
    case 'bash':
      return bash();
    case 'zsh':
      return zsh();
    case 'fish':
      return fish();
  }
}

/** The commands with sub-commands, each with all of them. */
const SUB_COMMANDS = byFirstWord(COMMANDS.map(({ name }) => [name, name.split(' ').slice(1)] as const));

/** The commands with options of their own, each with those of its sub-commands. */
const OWN_OPTIONS = byFirstWord(COMMANDS.map(({ name, options = [] }) => [name, options] as const));

function byFirstWord<T>(
  parts: readonly (readonly [name: string, of: readonly T[]])[],
): (readonly [string, T[]])[] {
  const found = new Map<string, T[]>();
  for (const [name, of] of parts) {
    const [first = ''] = name.split(' ', 1);
    found.set(first, [...(found.get(first) ?? []), ...of]);
  }
  return [...found].filter(([, of]) => of.length > 0);
}

/** Commands whose arguments are names of servers. */
const TAKES_SERVERS = COMMANDS.filter(
  ({ servers, name }) => servers === 'by name' && !name.includes(' '),
).map(({ name }) => name);

function flagsOf({ flags }: OptionDefinition): string[] {
  return flags.split(/[ ,]+/).filter((word) => word.startsWith('-'));
}

function unique(texts: readonly string[]): string[] {
  return [...new Set(texts)];
}

const takesValue = ({ flags }: OptionDefinition): boolean => flags.includes('<');

const GLOBAL_FLAGS = [...GLOBAL_OPTIONS.flatMap(flagsOf), '--help', '--version'];

function summaryOf(command: string): string {
  const summary =
    COMMANDS.find(({ name }) => name.split(' ', 1)[0] === command)?.summary ?? 'show the help of a command';
  return summary.replaceAll("'", '’');
}

// Names of servers come from a file that may be untrusted: a script must not pass them to anything that expands its
// arguments, such as "compgen -W".

function bash(): string {
  const cases = OWN_OPTIONS.map(
    ([command, options]) => `    ${command}) words+=' ${unique(options.flatMap(flagsOf)).join(' ')}' ;;`,
  );
  const valued = [...GLOBAL_OPTIONS, ...COMMANDS.flatMap(({ options = [] }) => options)].filter(takesValue);
  const others = [...new Set(valued.flatMap(flagsOf))].filter((flag) => flag !== '-s' && flag !== '--server');
  return `# bash completion of plenum: source <(plenum completion bash)
_plenum() {
  local cur=\${COMP_WORDS[COMP_CWORD]} prev=\${COMP_WORDS[COMP_CWORD-1]} command='' servers='' name i
  COMPREPLY=()
  for ((i = 1; i < COMP_CWORD; i++)); do
    case \${COMP_WORDS[i]} in
      --) return ;;
      ${[...others, '-s', '--server'].join('|')}) ((i++)) ;;
      -*) ;;
      *) command=\${COMP_WORDS[i]}; break ;;
    esac
  done
  case $prev in
    -s|--server) servers=yes ;;
    ${others.join('|')}) COMPREPLY=($(compgen -f -- "$cur")); return ;;
${SUB_COMMANDS.map(([first, words]) => `    ${first}) COMPREPLY=($(compgen -W '${words.join(' ')}' -- "$cur")); return ;;`).join('\n')}
    completion) COMPREPLY=($(compgen -W '${SHELLS.join(' ')}' -- "$cur")); return ;;
  esac
  case $command in ${TAKES_SERVERS.join('|')}) [[ $cur == -* ]] || servers=yes ;; esac
  if [[ -n $servers ]]; then
    while IFS= read -r name; do
      [[ -n $name && $name == "$cur"* ]] && COMPREPLY+=("$(printf '%q' "$name")")
    done < <(plenum completion --servers 2>/dev/null)
    return
  fi
  local words='${GLOBAL_FLAGS.join(' ')}'
  case $command in
    '') words+=' ${TOP_LEVEL.join(' ')}' ;;
${cases.join('\n')}
  esac
  COMPREPLY=($(compgen -W "$words" -- "$cur"))
}
complete -o default -F _plenum plenum
`;
}

function zsh(): string {
  const quoted = (text: string): string => `'${text.replaceAll(':', '\\:').replaceAll("'", '’')}'`;
  const commands = TOP_LEVEL.map((name) => `    '${name}:${summaryOf(name).replaceAll(':', '\\:')}'`);
  const cases = OWN_OPTIONS.map(
    ([command, options]) =>
      `    ${command}) flags+=(${unique(options.flatMap(flagsOf)).map(quoted).join(' ')}) ;;`,
  );
  return `#compdef plenum
# zsh completion of plenum: plenum completion zsh > "\${fpath[1]}/_plenum"
_plenum() {
  local -a commands flags names
  local command=''
  commands=(
${commands.join('\n')}
  )
  flags=(${GLOBAL_FLAGS.map(quoted).join(' ')})
  local i
  for ((i = 2; i < CURRENT; i++)); do
    if (( \${commands[(I)\${words[i]}:*]} )); then command=\${words[i]}; break; fi
  done
  case \${words[CURRENT-1]} in
    -s|--server)
      names=("\${(@f)$(plenum completion --servers 2>/dev/null)}")
      compadd -- "\${(@)names}"
      return ;;
${SUB_COMMANDS.map(([first, words]) => `    ${first}) compadd ${words.join(' ')}; return ;;`).join('\n')}
    completion) compadd ${SHELLS.join(' ')}; return ;;
  esac
  case $command in
    '') _describe command commands ;;
${cases.join('\n')}
  esac
  if [[ \${words[CURRENT]} == -* ]]; then compadd -- "\${(@)flags}"; return; fi
  case $command in
    ${TAKES_SERVERS.join('|')})
      names=("\${(@f)$(plenum completion --servers 2>/dev/null)}")
      compadd -- "\${(@)names}" ;;
    *) _files ;;
  esac
}
if [[ $funcstack[1] == _plenum ]]; then _plenum "$@"; else compdef _plenum plenum; fi
`;
}

function fish(): string {
  const line = (condition: string, rest: string): string =>
    `complete -c plenum ${condition === '' ? '' : `-n '${condition}' `}${rest}`;
  const option = (condition: string, definition: OptionDefinition): string => {
    const names = flagsOf(definition).map((flag) =>
      flag.startsWith('--') ? `-l ${flag.slice(2)}` : `-s ${flag.slice(1)}`,
    );
    const isServer = definition.flags.includes('--server');
    const value = isServer
      ? " -x -a '(plenum completion --servers 2>/dev/null)'"
      : takesValue(definition)
        ? ' -r'
        : '';
    return line(condition, `${names.join(' ')}${value} -d '${definition.help.replaceAll("'", '’')}'`);
  };
  return [
    '# fish completion of plenum: plenum completion fish > ~/.config/fish/completions/plenum.fish',
    ...TOP_LEVEL.map((name) => line('__fish_use_subcommand', `-f -a ${name} -d '${summaryOf(name)}'`)),
    ...GLOBAL_OPTIONS.map((each) => option('', each)),
    line('', "-s h -l help -d 'show help'"),
    ...OWN_OPTIONS.flatMap(([command, options]) =>
      unique(options.map((each) => option(`__fish_seen_subcommand_from ${command}`, each))),
    ),
    ...SUB_COMMANDS.map(([first, words]) =>
      line(`__fish_seen_subcommand_from ${first}`, `-f -a '${words.join(' ')}'`),
    ),
    line(
      `__fish_seen_subcommand_from ${TAKES_SERVERS.join(' ')}`,
      `-f -a '(plenum completion --servers 2>/dev/null)'`,
    ),
    line('__fish_seen_subcommand_from completion', `-f -a '${SHELLS.join(' ')}'`),
    '',
  ].join('\n');
}
