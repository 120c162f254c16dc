import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  RequestStates,
  type RequestState,
  type StateBinding,
} from '../../../src/gateway/input/request-state.ts';

const binding: StateBinding = { principal: 'ada', method: 'tools/call', name: 's__ask' };
function isRefused(states: RequestStates, sealed: string, given: StateBinding = binding): boolean {
  try {
    states.open(sealed, given);
    return false;
  } catch (error) {
    expect(error).toMatchObject({ code: -32602, data: { reason: 'invalid_request_state' } });
    return true;
  }
}

const anyState: fc.Arbitrary<RequestState> = fc.oneof(
  fc.record({ kind: fc.constant('parked' as const), id: fc.string() }),
  fc.record({
    kind: fc.constant('upstream' as const),
    server: fc.string(),
    state: fc.option(fc.string(), { nil: undefined }),
  }),
);
const anyBinding = fc.record({ principal: fc.string(), method: fc.string(), name: fc.string() });

describe('F10 the requestState of a call', () => {
  it('opens to what was sealed, whatever that was, and tells nothing of it', () => {
    const states = new RequestStates({ parkedMs: 60_000 });
    fc.assert(
      fc.property(anyState, anyBinding, (state, bound) => {
        const sealed = states.seal(state, bound);
        expect(states.open(sealed, bound)).toEqual(state);
        expect(sealed).toMatch(/^[\w-]+$/);
        expect(states.seal(state, bound)).not.toBe(sealed);
      }),
    );
  });

  it('is refused with any one bit changed', () => {
    const states = new RequestStates({ parkedMs: 60_000 });
    const samples: RequestState[] = [
      { kind: 'parked', id: 'a7' },
      { kind: 'upstream', server: 's', state: undefined },
      { kind: 'upstream', server: 's', state: 'round-1' },
    ];
    for (const state of samples) {
      const sealed = states.seal(state, binding);
      const bytes = Buffer.from(sealed, 'base64url');
      for (let bit = 0; bit < bytes.length * 8; bit++) {
        const changed = Buffer.from(bytes);
        changed.writeUInt8(changed.readUInt8(bit >> 3) ^ (1 << (bit & 7)), bit >> 3);
        expect(isRefused(states, changed.toString('base64url'))).toBe(true);
      }
      // And of the text, where some bits carry nothing.
      for (let bit = 0; bit < sealed.length * 8; bit++) {
        const changed = Buffer.from(sealed, 'latin1');
        changed.writeUInt8(changed.readUInt8(bit >> 3) ^ (1 << (bit & 7)), bit >> 3);
        expect(isRefused(states, changed.toString('latin1'))).toBe(true);
      }
      expect(states.open(sealed, binding)).toEqual(state);
    }
  });

  it('is refused when it was cut, lengthened or made up', () => {
    const states = new RequestStates({ parkedMs: 60_000 });
    const sealed = states.seal({ kind: 'parked', id: 'x' }, binding);
    for (let length = 0; length < sealed.length; length++)
      expect(isRefused(states, sealed.slice(0, length))).toBe(true);
    for (const more of ['=', 'A', 'AAAA', ' ', '\n', sealed])
      expect(isRefused(states, sealed + more)).toBe(true);
    for (const odd of [` ${sealed}`, `${sealed.slice(0, 9)}\n${sealed.slice(9)}`])
      expect(isRefused(states, odd)).toBe(true);
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 200 }), (text) => {
        expect(isRefused(states, text)).toBe(true);
      }),
    );
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
        expect(isRefused(states, Buffer.from([1, ...bytes]).toString('base64url'))).toBe(true);
      }),
    );
  });

  it('is refused for another principal, method or name, however these are made up', () => {
    const states = new RequestStates({ parkedMs: 60_000 });
    fc.assert(
      fc.property(anyState, anyBinding, anyBinding, (state, bound, other) => {
        fc.pre(JSON.stringify(bound) !== JSON.stringify(other));
        expect(isRefused(states, states.seal(state, bound), other)).toBe(true);
      }),
    );
    // The parts are told apart, whatever is in them.
    const sealed = states.seal({ kind: 'parked', id: 'x' }, { principal: 'a', method: 'b', name: 'c' });
    expect(isRefused(states, sealed, { principal: 'a","b', method: 'c', name: '' })).toBe(true);
    expect(isRefused(states, sealed, { principal: 'ab', method: '', name: 'c' })).toBe(true);
  });

  it('is refused by another gateway, and after its time', async () => {
    const sealed = new RequestStates({ parkedMs: 60_000 }).seal({ kind: 'parked', id: 'x' }, binding);
    expect(isRefused(new RequestStates({ parkedMs: 60_000 }), sealed)).toBe(true);
    const brief = new RequestStates({ parkedMs: 1 });
    const old = brief.seal({ kind: 'upstream', server: 's', state: undefined }, binding);
    await expect.poll(() => isRefused(brief, old)).toBe(true);
  });
});
