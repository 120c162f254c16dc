import { resolve } from 'node:path';
import { listConsents, reviewFile, revokeConsent, type Review } from '../../config/consent/review.ts';
import { findConfig } from '../../config/find-config.ts';
import { consentText } from '../../config/consent/consent-text.ts';
import type { Invocation, RunCommand } from '../command-line/invocation.ts';
import { EXIT, UsageError, type ExitCode } from '../exit-codes.ts';
import { agrees } from '../questions/consent.ts';
import { table } from '../terminal/tables.ts';
import { lineText } from '../terminal/terminal-text.ts';
import type { Terminal } from '../terminal/terminal.ts';

export const run: RunCommand = async (invocation) => {
  const { operands, options, terminal } = invocation;
  const { list, revoke, show } = options;
  if (
    [list, revoke, show].filter((each) => each === true).length > 1 ||
    (list === true && operands.length > 0)
  )
    throw new UsageError(
      '--list, --revoke and --show go alone, and --list without a file. See: plenum trust --help',
    );
  const named = operands[0] ?? options.config;
  const path = named === undefined ? undefined : resolve(named);
  if (list === true) return showList(terminal);
  if (revoke === true) return forget(terminal, path ?? (await findConfig(process.cwd(), process.env)));
  const review = await reviewFile(path, process.cwd(), process.env);
  if (show === true) {
    if (terminal.json) terminal.jsonData({ state: review.state, ...review.request });
    else terminal.data(consentText(review.request, { servers: Infinity }));
    return EXIT.good;
  }
  return agree(invocation, review);
};

/** On a terminal the user is asked. Elsewhere calling this command is the consent. */
async function agree(invocation: Invocation, review: Review): Promise<ExitCode> {
  const { options, terminal } = invocation;
  const { path, state, request } = review;
  const mustAsk = terminal.interactive && !terminal.json && !options.trust;
  const isNews = state === 'new' || state === 'changed';
  if (isNews && mustAsk && !(await agrees(invocation, request))) {
    terminal.note('Not agreed to. Nothing of it is started.');
    return EXIT.notAgreed;
  }
  if (isNews) await review.agree();
  if (terminal.json) terminal.jsonData({ path, state: isNews ? 'agreed' : state, digest: request.digest });
  else {
    if (isNews && !mustAsk) terminal.data(consentText(request));
    terminal.data(`${lineText(path)} ${OUTCOMES[state]}.`);
  }
  return EXIT.good;
}

const OUTCOMES: Readonly<Record<Review['state'], string>> = {
  own: 'is your own, and needs no consent',
  empty: 'has nothing to agree to',
  agreed: 'is agreed to already',
  new: 'is agreed to, as it is now',
  changed: 'is agreed to, as it is now',
};

async function showList(terminal: Terminal): Promise<ExitCode> {
  const consents = await listConsents(process.env);
  if (terminal.json) terminal.jsonData(consents);
  else if (consents.length === 0) terminal.note('You have agreed to no file.');
  else {
    const rows = consents.map(({ path, agreedAt, state }) => [lineText(path), lineText(agreedAt), state]);
    terminal.data(await table(terminal, ['FILE', 'AGREED', 'IS'], rows));
  }
  return EXIT.good;
}

async function forget(terminal: Terminal, path: string): Promise<ExitCode> {
  const isForgotten = await revokeConsent(path, process.env);
  if (terminal.json) terminal.jsonData({ path, revoked: isForgotten });
  else terminal.data(`${lineText(path)} ${isForgotten ? 'is agreed to no more' : 'was not agreed to'}.`);
  return EXIT.good;
}
