import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ClusterSecrets } from '../../../src/gateway/cluster/cluster-secrets.ts';
import { Envelopes } from '../../../src/gateway/cluster/envelopes.ts';
import { RedisClock } from '../../../src/gateway/cluster/redis-clock.ts';
import { NEW_SECRET, SECRET } from './redis-server.ts';

const CHANNEL = 'plenum:to:b';
const BODY = { type: 'call', id: '1', body: { text: 'Grüße\n"…' } };

function clockAt(now: number): RedisClock {
  const clock = new RedisClock();
  clock.note(now, performance.now());
  return clock;
}

function envelopes(
  secrets: readonly string[],
  { id = 'a', prefix = 'plenum', now = Date.now() } = {},
): Envelopes {
  return new Envelopes(new ClusterSecrets(secrets, prefix), clockAt(now), { id, instance: `${id} now` });
}

function sealed(from = envelopes([SECRET])): string {
  return from.seal(CHANNEL, BODY) ?? '';
}

describe('an envelope', () => {
  it('is read as it was sent, with its sender', () => {
    const read = envelopes([SECRET]).open(CHANNEL, sealed());
    expect(read).toEqual({ from: 'a', instance: 'a now', body: BODY });
  });

  it('carries any JSON', () => {
    const [from, to] = [envelopes([SECRET]), envelopes([SECRET])];
    fc.assert(
      fc.property(fc.dictionary(fc.string(), fc.jsonValue()), (body) => {
        const sent: unknown = JSON.parse(JSON.stringify(body));
        expect(to.open(CHANNEL, from.seal(CHANNEL, body) ?? '')?.body).toEqual(sent);
      }),
    );
  });

  it('is read once', () => {
    const [to, text] = [envelopes([SECRET]), sealed()];
    expect(to.open(CHANNEL, text)).toBeDefined();
    expect(to.open(CHANNEL, text)).toBeUndefined();
  });

  it('is refused on another channel', () => {
    expect(envelopes([SECRET]).open('plenum:to:c', sealed())).toBeUndefined();
    expect(envelopes([SECRET]).open('plenum:bus', sealed())).toBeUndefined();
  });

  it.each<[string, number]>([
    ['that has expired', 60_000],
    ['of the future', -60_000],
  ])('%s is refused', (_, later) => {
    expect(envelopes([SECRET], { now: Date.now() + later }).open(CHANNEL, sealed())).toBeUndefined();
  });

  it('is refused when it was cut anywhere', () => {
    const [to, text] = [envelopes([SECRET]), sealed()];
    for (let at = 0; at < text.length; at++) {
      expect(to.open(CHANNEL, text.slice(0, at)), `${at}`).toBeUndefined();
      expect(to.open(CHANNEL, text.slice(at + 1)), `${at}`).toBeUndefined();
    }
    expect(to.open(CHANNEL, text)).toBeDefined();
  });

  it('is refused when anything in it was changed', () => {
    const [to, text] = [envelopes([SECRET]), sealed()];
    fc.assert(
      fc.property(fc.nat(text.length - 1), fc.string({ minLength: 1, maxLength: 3 }), (at, other) => {
        const changed = text.slice(0, at) + other + text.slice(at + other.length);
        fc.pre(changed !== text);
        expect(to.open(CHANNEL, changed)).toBeUndefined();
      }),
    );
    expect(to.open(CHANNEL, text)).toBeDefined();
  });

  it.each(['', '.', '..', '{}', 'null', 'a.b.c', 'a.b.{}', '\n\n', '\u0000'])('%j is none', (text) => {
    expect(envelopes([SECRET]).open(CHANNEL, text)).toBeUndefined();
  });

  it('is refused with the signature of another', () => {
    const [one, other] = [sealed(), sealed()].map((text) => text.split('.', 2).join('.'));
    const rest = sealed().slice((one ?? '').length);
    expect(envelopes([SECRET]).open(CHANNEL, `${one}${rest}`)).toBeUndefined();
    expect(envelopes([SECRET]).open(CHANNEL, `${other}${rest}`)).toBeUndefined();
  });

  it('of an earlier secret is read as long as the reader has that secret', () => {
    expect(envelopes([NEW_SECRET, SECRET]).open(CHANNEL, sealed())).toBeDefined();
    expect(envelopes([NEW_SECRET]).open(CHANNEL, sealed())).toBeUndefined();
  });

  it('of the same secret under another prefix is refused', () => {
    expect(envelopes([SECRET], { prefix: 'other' }).open(CHANNEL, sealed())).toBeUndefined();
  });

  it('that is too long is not sent', () => {
    expect(envelopes([SECRET]).seal(CHANNEL, { text: 'x'.repeat(17_000_000) })).toBeUndefined();
  });
});

describe('the secret that a node signs by', () => {
  const ids = (...secrets: string[]): readonly string[] => new ClusterSecrets(secrets, 'plenum').ids;

  it('is the newest that all nodes have', () => {
    const secrets = new ClusterSecrets([NEW_SECRET, SECRET], 'plenum');
    const idOf = (): string | undefined => secrets.sign('x', 'y').split('.')[0];
    const [newest, oldest] = secrets.ids;
    expect(idOf()).toBe(newest);
    secrets.chooseFor([ids(NEW_SECRET, SECRET), ids(SECRET)]);
    expect(idOf()).toBe(oldest);
    secrets.chooseFor([ids(NEW_SECRET, SECRET), ids(NEW_SECRET)]);
    expect(idOf()).toBe(newest);
    secrets.chooseFor([ids('a third secret that this node does not have')]);
    expect(idOf()).toBe(newest);
  });

  it('is not in what it makes', () => {
    const secrets = new ClusterSecrets([SECRET], 'plenum');
    expect(secrets.ids.join() + secrets.mark + secrets.signByAll('x', 'y')).not.toContain(SECRET);
  });
});
