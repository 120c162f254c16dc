// Makes the tables of options in the documentation from the table of options.
import { format, resolveConfig } from 'prettier';

/**
 * The tables by the name that a page gives them.
 * @param {Record<'session' | 'server' | 'group' | 'manager' | 'auth' | 'toolkit' | 'config' | 'gateway' | 'gateway-auth' | 'gateway-audit' | 'gateway-cluster' | 'gateway-clients', Record<string, any>>} from
 * @returns {Record<string, Record<string, import('../src/options/kinds.ts').Option>>}
 */
export function tablesOf({
  session,
  server,
  group,
  manager,
  auth,
  toolkit,
  config,
  gateway,
  'gateway-auth': who,
  'gateway-audit': audit,
  'gateway-cluster': cluster,
  'gateway-clients': clients,
}) {
  return {
    session: without(session.sessionOptions, session.handlerOptions),
    serverRequests: session.serverRequestOptions,
    concurrency: server.concurrencyOptions,
    lazy: server.lazyOptions,
    eventBacklog: session.eventBacklogOptions,
    call: session.callOptions,
    reconnect: server.reconnectOptions,
    health: server.healthOptions,
    stdio: server.stdioSpec,
    url: server.urlSpec,
    'group-server': server.groupServerOptions,
    group: without(group.groupConnectOptions, session.sharedSessionOptions),
    pool: manager.poolOptions,
    retry: manager.retryOptions,
    circuit: manager.circuitOptions,
    oauth: auth.oauthOptions,
    toolkit: toolkit.toolkitOptions,
    policy: toolkit.policyOptions,
    results: toolkit.resultBounds,
    'load-config': config.loadConfigOptions,
    'watch-config': config.watchConfigOptions,
    gateway: gateway.gatewayOptions,
    'gateway-session': gateway.gatewaySessionOptions,
    'gateway-limit': gateway.gatewayLimitOptions,
    'gateway-audit': audit.gatewayAuditOptions,
    'gateway-cluster': cluster.gatewayClusterOptions,
    'gateway-client': clients.clientRuleOptions,
    'gateway-client-match': clients.clientMatchOptions,
    'gateway-client-rate': clients.clientRateOptions,
    'gateway-entry': clients.entryTraits,
    'gateway-auth': who.gatewayAuthOptions,
    'gateway-oauth': who.gatewayOAuthOptions,
    'gateway-server': gateway.gatewayServerOptions,
    'gateway-sign-in': gateway.gatewaySignInOptions,
  };
}

/**
 * A page with its tables written anew. Each stands between `<!-- options: name -->` and `<!-- /options -->`.
 * @param {string} page
 * @param {string} path
 * @param {ReturnType<typeof tablesOf>} tables
 */
export async function withTables(page, path, tables) {
  const marked = /(<!-- options: ([\w-]+) -->\n)[^]*?(<!-- \/options -->)/g;
  const filled = page.replace(marked, (_, begin, name, end) => {
    const table = tables[name];
    if (table === undefined) throw new Error(`${path}: there is no table of options "${name}"`);
    return `${begin}\n${render(table)}\n\n${end}`;
  });
  return filled === page ? page : format(filled, { ...(await resolveConfig(path)), filepath: path });
}

/** @param {ReturnType<typeof tablesOf>[string]} table */
function render(table) {
  const rows = Object.entries(table).map(([name, option]) => {
    const needed = option.required === true ? 'required' : defaultOf(option);
    return `| \`${name}\` | ${needed} | ${cell(sentence(option))} |`;
  });
  return ['| option | default | |', '| --- | --- | --- |', ...rows].join('\n');
}

/** @param {ReturnType<typeof tablesOf>[string][string]} option */
function sentence({ about, kind }) {
  if (kind.is !== 'number' || kind.unit === 'count' || /millisecond|byte/i.test(about)) return about;
  return `${about.replace(/\.$/, '')} (${kind.unit}).`;
}

/** @param {ReturnType<typeof tablesOf>[string][string]} option */
function defaultOf({ default: value, byDefault }) {
  if (byDefault !== undefined) return cell(byDefault);
  if (value === undefined) return '';
  if (typeof value === 'string') return `\`'${value}'\``;
  if (typeof value === 'boolean' || value === Infinity) return `\`${value}\``;
  return String(Number(value)).replace(/\B(?=(\d{3})+$)/g, ' ');
}

/** @param {string} text */
function cell(text) {
  return text.replaceAll('|', '\\|');
}

/**
 * @param {Record<string, any>} table
 * @param {object} others
 */
function without(table, others) {
  return Object.fromEntries(Object.entries(table).filter(([name]) => !(name in others)));
}
