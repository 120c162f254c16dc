const MISSING = '–';

/** The cases as a table for people, with the two ratios that matter beside them. */
export function tableOf(cases, contestants) {
  const columns = contestants.filter(({ name }) => name !== 'plenum');
  const ours = contestants.filter(({ name }) => name === 'plenum');
  const shown = [...columns.filter(({ peer }) => !peer), ...ours, ...columns.filter(({ peer }) => peer)];
  const head = ['', 'unit', ...shown.map(({ title }) => title), '÷ raw', 'CPU ÷ raw', 'best peer ÷'];
  const rows = cases.map((each) => [
    each.name,
    each.unit,
    ...shown.map(({ name }) => figure(valueOf(each, name))),
    ratio(each.plenum, each.raw),
    ratio(each.clientCpu?.plenum, each.clientCpu?.raw),
    ratio(bestPeer(each), each.plenum),
  ]);
  const widths = head.map((_, column) => Math.max(...[head, ...rows].map((row) => row[column].length)));
  const line = (row) =>
    row.map((cell, column) => (column < 2 ? cell.padEnd(widths[column]) : cell.padStart(widths[column])));
  return [head, ...rows].map((row) => line(row).join('  ')).join('\n');
}

/** What a reader of the table should know beside it. */
export function remarksOn(cases) {
  const gaps = new Map();
  for (const { name, missing } of cases) {
    for (const [contestant, reason] of Object.entries(missing)) {
      const key = `${contestant}: ${reason}`;
      gaps.set(key, [...(gaps.get(key) ?? []), name]);
    }
  }
  const missing = [...gaps].map(
    ([key, names]) => `  ${key} (${names.length === 1 ? names[0] : `${names.length} cases`})`,
  );
  const notes = cases.flatMap(({ name, notes }) => notes.map((note) => `  ${name}: ${note}`));
  return [
    ...(missing.length > 0 ? ['Missing:', ...missing] : []),
    ...(notes.length > 0 ? ['Notes:', ...notes] : []),
  ].join('\n');
}

export function valueOf(each, name) {
  return name in each.peers ? each.peers[name] : each[name];
}

export function bestPeer({ peers }) {
  const values = Object.values(peers).filter((value) => value !== null);
  return values.length === 0 ? null : Math.min(...values);
}

export function figure(value) {
  if (value === null || value === undefined) return MISSING;
  const digits = Math.abs(value) >= 100 ? 0 : Math.abs(value) >= 10 ? 1 : 2;
  return value.toLocaleString('en', { minimumFractionDigits: digits, maximumFractionDigits: digits });
}

function ratio(over, under) {
  const given = typeof over === 'number' && typeof under === 'number' && under > 0;
  return given ? `${(over / under).toFixed(2)} ×` : MISSING;
}
