// Makes the table of clients in docs/gateway.md from what the test of real clients found.
import { format, resolveConfig } from 'prettier';

/**
 * A page with its table written anew. It stands between `<!-- clients -->` and `<!-- /clients -->`.
 * @param {string} page
 * @param {string} path
 * @param {readonly string[]} features
 * @param {readonly { readonly name: string, readonly cells: readonly string[] }[]} clients
 */
export async function withClientTable(page, path, features, clients) {
  const line = (/** @type {readonly string[]} */ cells) => `| ${cells.join(' | ')} |`;
  const head = [line(['', ...clients.map(({ name }) => name)]), line(['-', ...clients.map(() => '-')])];
  const rows = features.map((feature, at) => line([feature, ...clients.map(({ cells }) => cells[at] ?? '')]));
  const table = [...head, ...rows].join('\n');
  const filled = page.replace(
    /(<!-- clients -->\n)[^]*?(<!-- \/clients -->)/,
    (_, begin, end) => `${begin}\n${table}\n\n${end}`,
  );
  return format(filled, { ...(await resolveConfig(path)), filepath: path });
}
