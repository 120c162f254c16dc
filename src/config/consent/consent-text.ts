import { printable } from '../../internal/text.ts';
import { checkOptions, checkParameter } from '../../options/check-options.ts';
import { consentRequest, consentTextOptions } from '../../options/tables/config.ts';
import type { ConsentRequest, ConsentSection, ConsentServer } from './consent-request.ts';

/** How many servers are shown in full; of the others there is their number. */
const MOST_SERVERS = 20;
/** How many names of a list are shown. */
const MOST_NAMES = 12;
/** Of a command line: words, and characters in all. */
const MOST_WORDS = 24;
const LONGEST_COMMAND = 600;
const LONGEST_WORD = 160;
const LONGEST_NAME = 60;

/** Look like nothing or anything, and are no control characters; and the brackets around what is left out. */
const MISTAKABLE = /[\p{Cn}\p{Co}\u115f\u1160\u2800\u3164\uffa0\u27e8\u27e9]/gu;
/** Blanks in a row, or one that is not a plain blank. */
const BLANKS = /[\s\p{Z}]{4,}|[^\S ]|(?! )\p{Z}/gu;

const NOT_COVERED =
  'Agreeing covers this file as it is now. It does not cover what these commands run themselves: scripts and packages ' +
  'that they start, and files that they read, may change without a question.';

export interface ConsentTextOptions {
  /**
   * How many servers are shown in full.
   * @default 20
   */
  servers?: number;
}

/**
 * Describes a request for a person, in lines for a terminal. Characters that a terminal would obey or that nobody sees
 * are escaped, and long texts are cut in the middle, with the number of characters that are left out. Of variables
 * and headers there are names and no values. Throws `CONFIG_INVALID` for what is no request.
 */
export function consentText(request: ConsentRequest, options: ConsentTextOptions = {}): string {
  checkParameter('consentText()', 'request', consentRequest, request);
  checkOptions(consentTextOptions, options, 'Options of consentText()');
  const { path, servers, sections, before } = request;
  const most = options.servers ?? MOST_SERVERS;
  const isSame = (each: { readonly change: string }): boolean =>
    before !== undefined && each.change === 'same';
  const enabled = servers.filter((each) => !each.disabled);
  const news = enabled.filter((each) => !isSame(each));
  const unchanged = enabled.filter(isSame);
  const disabled = servers.filter((each) => each.disabled);
  const lines = [
    before === undefined
      ? `This project has a configuration that nobody has agreed to: ${consentWord(path, Infinity)}`
      : `The configuration of this project has changed since ${consentWord(before.agreedAt)}: ${consentWord(path, Infinity)}`,
    'If you agree, these may be started, connected to and given your variables:',
    ...news.slice(0, most).flatMap((server) => serverBlock(server, before !== undefined)),
  ];
  if (news.length > most)
    lines.push(
      `  … and ${grouped(news.length - most)} more, which are not shown: "plenum trust --show" shows all.`,
    );
  if (news.length === 0) lines.push('  no server that you have not agreed to');
  for (const section of sections) if (!isSame(section)) lines.push(...sectionBlock(section));
  if (before !== undefined && before.removed.length > 0) lines.push(`  gone: ${names(before.removed)}`);
  if (unchanged.length > 0) lines.push(`  as before: ${names(unchanged.map(({ name }) => name))}`);
  if (disabled.length > 0) lines.push(`  disabled: ${names(disabled.map(({ name }) => name))}`);
  return [...lines, summary(enabled, sections), NOT_COVERED].join('\n');
}

/** Stands last, as what is above may have scrolled away. */
function summary(servers: readonly ConsentServer[], sections: readonly ConsentSection[]): string {
  const commands = servers.filter(({ command }) => command !== undefined).length;
  const urls = servers.filter(({ url }) => url !== undefined).length;
  const all = [...servers, ...sections].flatMap(({ variables }) => variables);
  const variables = [...new Set(all)].toSorted();
  const leaving = variables.length === 0 ? 'none of your variables' : variableText(variables);
  return `In all ${counted(commands, 'command')} and ${counted(urls, 'URL')}; they get ${leaving}.`;
}

function counted(amount: number, what: string): string {
  return `${grouped(amount)} ${what}${amount === 1 ? '' : 's'}`;
}

function serverBlock(server: ConsentServer, isUpdate: boolean): string[] {
  const { name, change, beforeLines } = server;
  const mark = !isUpdate ? '' : change === 'new' ? ' (new)' : ' (changed)';
  const now = serverLines(server);
  const heading = `  ${consentWord(name, LONGEST_NAME)}${mark}`;
  if (change !== 'changed' || beforeLines === undefined)
    return [heading, ...now.map((line) => `    ${line}`)];
  const then = new Set(beforeLines);
  const still = new Set(now);
  const gone = beforeLines.filter((line) => !still.has(line)).map((line) => `    - ${line}`);
  const shown = now.map((line) => `    ${then.has(line) ? ' ' : '+'} ${line}`);
  const isHidden = gone.length === 0 && shown.every((line) => line.startsWith('      '));
  return [heading, ...gone, ...shown, ...(isHidden ? ['    + values that are not shown'] : [])];
}

/** A server in lines, such as `runs npx -y some-server`. They are kept, to be compared with what it says later. */
export function serverLines(server: ConsentServer): string[] {
  const { command, cwd, envFile, url, proxy, headers, env, variables, others } = server;
  const lines: string[] = [];
  if (command !== undefined) lines.push(`runs      ${commandLine(command)}`);
  if (cwd !== undefined) lines.push(`in        ${consentWord(cwd)}`);
  if (url !== undefined) lines.push(`connects  ${urlText(url)}`);
  if (proxy !== undefined) lines.push(`through   ${urlText(proxy)}`);
  if (headers.length > 0) lines.push(`headers   ${names(headers)}`);
  if (env.length > 0) lines.push(`sets      ${names(env)}`);
  if (envFile !== undefined) lines.push(`reads     ${consentWord(envFile)}`);
  if (variables.length > 0) lines.push(`gets      ${variableText(variables)}`);
  if (command === undefined && url === undefined) lines.push('has neither a command nor a URL');
  for (const [name, json] of others.slice(0, MOST_NAMES))
    lines.push(`${consentWord(name, 20).padEnd(9)} ${consentWord(json)}`);
  if (others.length > MOST_NAMES) lines.push(`and ${grouped(others.length - MOST_NAMES)} more options`);
  return lines;
}

function sectionBlock({ name, json, variables }: ConsentSection): string[] {
  const lines = [`  "${consentWord(name)}" ${consentWord(json, 3 * LONGEST_WORD)}`];
  return variables.length === 0 ? lines : [...lines, `    gets      ${variableText(variables)}`];
}

function variableText(variables: readonly string[]): string {
  if (variables.includes('*')) return 'all variables of your environment';
  return `your ${variables.length === 1 ? 'variable' : 'variables'} ${names(variables)}`;
}

function commandLine(words: readonly string[]): string {
  const shown = words.map((word) => {
    const text = consentWord(word);
    return /[\s'"\\$`]/u.test(text) || text === '' ? `"${text.replaceAll('"', '\\"')}"` : text;
  });
  let { length } = shown.join(' ');
  const last = shown.splice(-3);
  let left = 0;
  while (shown.length > 1 && (shown.length + last.length > MOST_WORDS || length > LONGEST_COMMAND)) {
    length -= (shown.pop() ?? '').length + 1;
    left++;
  }
  return [...shown, ...(left > 0 ? [`⟨${grouped(left)} more arguments⟩`] : []), ...last].join(' ');
}

/** With the host that it leads to, where the text could make one think of another. */
function urlText(url: string): string {
  const shown = consentWord(url);
  const [start = url] = /^[^/?#]*\/\/[^/?#]*/.exec(url) ?? [];
  if (start.includes('${')) return `${shown} (the host depends on variables)`;
  const plain = url.replaceAll(/\$\{[^}]*\}+/g, 'x');
  if (!URL.canParse(plain)) return shown;
  const { protocol, host } = new URL(plain);
  return start.toLowerCase() === `${protocol}//${host}`
    ? shown
    : `${shown} (the host is ${consentWord(host)})`;
}

function names(all: readonly string[]): string {
  const shown = all.slice(0, MOST_NAMES).map((name) => consentWord(name, LONGEST_NAME));
  const more = all.length > MOST_NAMES ? ` and ${grouped(all.length - MOST_NAMES)} more` : '';
  return shown.join(', ') + more;
}

/** A text of a file on one line, as `consentText()` shows it. */
export function consentWord(text: string, maxLength = LONGEST_WORD): string {
  const shown = visible(text);
  if (shown.length <= maxLength + 20) return shown;
  const half = Math.floor(maxLength / 2);
  // A character may be cut in halves, which are escaped in turn.
  const [start, end] = [shown.slice(0, half), shown.slice(-half)].map((part) => printable(part, Infinity));
  return `${start}⟨${grouped(shown.length - 2 * half)} characters⟩${end}`;
}

function visible(text: string): string {
  const blanks = (run: string): string => (run.length > 3 ? `⟨${grouped(run.length)} blanks⟩` : escaped(run));
  return printable(text.replace(MISTAKABLE, escaped).replace(BLANKS, blanks), Infinity);
}

function escaped(char: string): string {
  return `\\u{${char.codePointAt(0)?.toString(16)}}`;
}

function grouped(amount: number): string {
  return amount.toLocaleString('en-US');
}
