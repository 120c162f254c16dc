import { describe, expect, it } from 'vitest';
import { isLivingMember } from '../../../src/transport/stdio/process-group.ts';

describe('T2 stdio stop: who is left in the group', () => {
  it.each([
    ['a sleeping member', '17 (node) S 1 42 42 0', true],
    ['a running member', '17 (node) R 1 42 42 0', true],
    ['a stopped member', '17 (node) T 1 42 42 0', true],
    ['a member whose name looks like fields', '17 (a) Z 1 7 (b) S 1 42 42 0', true],
    ['a zombie', '17 (node) Z 1 42 42 0', false],
    ['a zombie whose name looks like fields', '17 (a) S 1 42) Z 1 42 42 0', false],
    ['a stranger', '17 (node) S 1 43 43 0', false],
    ['a child of the leader in another group', '17 (node) S 42 17 17 0', false],
    ['nobody', '', false],
  ])('%s', (_, stat, expected) => {
    expect(isLivingMember(stat, 42)).toBe(expected);
  });
});
