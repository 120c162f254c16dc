import { flag, oneOf, optionsOf, text, type Kind, type Option, type OptionTable } from '../kinds.ts';
import { gatewayOptions, listenOptions } from './gateway.ts';
import { groupConnectOptions, specTables } from './group.ts';
import { managerOwnOptions } from './manager.ts';
import { handlerOptions } from './session.ts';

/** How each transport may be spelled in a file. The first spelling of each is Plenum's own. */
export const TRANSPORTS = {
  http: ['http', 'streamable-http', 'streamableHttp', 'streamable_http', 'streamable'],
  sse: ['sse'],
  websocket: ['websocket', 'ws'],
} as const;

const inFileOnly = {
  disabled: { kind: flag, default: false, about: 'Leaves the server out.' },
} satisfies OptionTable;

/** A process, as a file has it. */
export const stdioInFile: OptionTable = {
  ...dataOf(specTables.command),
  ...inFileOnly,
  envFile: {
    kind: text,
    about:
      'A file of VAR=value lines, added to the environment before `env`; relative to the workspace folder.',
  },
};

/** A server behind a URL, as a file has it. */
export const urlInFile: OptionTable = {
  ...dataOf(specTables.url),
  ...inFileOnly,
  type: {
    ...specTables.url.type,
    kind: oneOf(...TRANSPORTS.http, ...TRANSPORTS.sse, ...TRANSPORTS.websocket),
  },
};

/** What a file says for all its servers, under `plenum`. */
export const groupInFile: OptionTable = dataOf({
  ...without(groupConnectOptions, ['servers', 'signal', 'catalogCache', ...Object.keys(handlerOptions)]),
  ...managerOwnOptions,
});

/** What a file says for `plenum serve`, under `gateway`. */
export const gatewayInFile: OptionTable = dataOf({
  listen: { kind: optionsOf(listenOptions), about: 'Where to listen; not with `--stdio`.' },
  ...without(gatewayOptions, ['servers', 'naming', 'concurrency']),
});

function without(table: OptionTable, names: readonly string[]): OptionTable {
  return Object.fromEntries(Object.entries(table).filter(([name]) => !names.includes(name)));
}

/** The options that a file can hold, in the way in which it holds them. */
function dataOf(table: OptionTable): OptionTable {
  const entries = Object.entries(table).flatMap(([name, option]): [string, Option][] => {
    const kind = option.file === undefined ? dataKind(option.kind) : option.file && dataKind(option.file);
    return kind === undefined || kind === false ? [] : [[name, { ...option, kind }]];
  });
  return Object.fromEntries(entries);
}

/** What of a kind is data; undefined when nothing is. */
function dataKind(kind: Kind): Kind | undefined {
  switch (kind.is) {
    case 'function':
    case 'object':
      return undefined;
    case 'options':
      return optionsOf(dataOf(kind.options), kind.wanted);
    case 'variant': {
      const variants = Object.entries(kind.variants).map(([word, table]) => [word, dataOf(table)] as const);
      return { ...kind, variants: Object.fromEntries(variants) };
    }
    case 'list': {
      const of = dataKind(kind.of);
      return of && { ...kind, of };
    }
    case 'record': {
      const of = dataKind(kind.of);
      return of && { ...kind, of };
    }
    case 'either': {
      const kinds = kind.kinds.map(dataKind).filter((each) => each !== undefined);
      return kinds.length > 1 ? { ...kind, kinds } : kinds[0];
    }
    default:
      return kind;
  }
}
