import { describe, expect, it } from 'vitest';
import { PlenumError } from '../../src/errors/plenum-error.ts';
import { checkOptions, checkValue, withDefaults, withoutUndefined } from '../../src/options/check-options.ts';
import {
  abortSignal,
  count,
  defaultsOf,
  duration,
  either,
  anyFunction,
  flag,
  globs,
  oneOf,
  switchOf,
  text,
  texts,
  textsByName,
  textThat,
  timeLimit,
  urlObject,
  type Kind,
  type OptionTable,
} from '../../src/options/kinds.ts';

const inner = {
  attempts: { kind: count(1), default: 3, about: 'How often.', alias: ['retries'] },
  delayMs: { kind: duration, default: 250, about: 'How long.' },
} satisfies OptionTable;

const table = {
  name: { kind: text, about: 'A name.' },
  timeoutMs: { kind: timeLimit, about: 'A limit.', alias: ['timeout'] },
  retry: { kind: switchOf(inner), about: 'Again.' },
  lazy: { kind: switchOf(inner), about: 'Lazy.' },
  deny: { kind: globs, about: 'Globs.' },
} satisfies OptionTable;

/** What is thrown for options, without its code, which is always the same. */
function faultOf(given: unknown, required: OptionTable = table): string | undefined {
  return thrownBy(() => checkOptions(required, given, 'Options'));
}

function thrownBy(check: () => void): string | undefined {
  try {
    check();
    return undefined;
  } catch (error) {
    if (!(error instanceof PlenumError) || error.code !== 'CONFIG_INVALID') throw error;
    return error.message;
  }
}

describe('checking options', () => {
  it.each([
    ['nothing', {}],
    ['all of them', { name: 'a', timeoutMs: 1, retry: false, lazy: true, deny: ['*'] }],
    ['details', { retry: { attempts: 2 }, lazy: { delayMs: 0 } }],
    ['what is undefined, of any name', { name: undefined, other: undefined, retry: { attempts: undefined } }],
    ['what never ends', { timeoutMs: Infinity, retry: { attempts: Infinity } }],
    ['an object without a prototype', Object.assign(Object.create(null), { name: 'a' })],
  ])('accepts %s', (_, given) => {
    expect(faultOf(given)).toBeUndefined();
  });

  it.each([
    [{ denny: [] }, 'Option "denny" is not known. Did you mean "deny"?'],
    [{ timeout: 5 }, 'Option "timeout" is not known. Did you mean "timeoutMs"?'],
    [{ retry: { retries: 3 } }, 'Option "retry.retries" is not known. Did you mean "attempts"?'],
    [{ retry: { delay: 3 } }, 'Option "retry.delay" is not known. Did you mean "delayMs"?'],
    [{ zzz: 1 }, 'Option "zzz" is not known. Known: "name", "timeoutMs", "retry", "lazy", "deny".'],
    [{ 'a\u001b[31m': 1 }, 'u{1b}'],
    [{ retry: 'on' }, 'Option "retry" must be true, false or an object of options, not a string.'],
    [{ lazy: 'yes' }, 'Option "lazy" must be true, false or an object of options, not a string.'],
    [{ retry: { attempts: 0 } }, 'Option "retry.attempts" must be a whole number, 1 or more, not 0.'],
    [{ lazy: { attempts: 1.5 } }, 'Option "lazy.attempts" must be a whole number, 1 or more, not 1.5.'],
    [{ deny: 'x' }, 'Option "deny" must be an array of globs, not a string.'],
    [{ deny: ['x', ''] }, 'Option "deny[1]" must be a non-empty string, not an empty string.'],
    [{ name: 'a\0b' }, 'Option "name" must be a string without NUL characters.'],
    [{ timeoutMs: '5' }, 'Option "timeoutMs" must be a number of milliseconds, more than 0, not a string.'],
    [{ timeoutMs: 0 }, 'Option "timeoutMs" must be a number of milliseconds, more than 0, not 0.'],
    [{ timeoutMs: NaN }, 'Option "timeoutMs" must be a number of milliseconds, more than 0, not NaN.'],
    [{ name: null }, 'Option "name" must be a non-empty string, not null.'],
  ])('refuses %j', (given, message) => {
    expect(faultOf(given)).toContain(message);
  });

  it.each([
    [5, 'Options must be an object, not 5.'],
    [null, 'Options must be an object, not null.'],
    ['x', 'Options must be an object, not a string.'],
    [[], 'Options must be an object, not an array.'],
    [new Map(), 'Options must be an object, not a Map.'],
    [() => {}, 'Options must be an object, not a function.'],
  ])('refuses what is no object of options', (given, message) => {
    expect(faultOf(given)).toBe(message);
  });

  it('looks at options that are inherited from others', () => {
    const derived = (base: object): unknown => Object.assign(Object.create(base), { name: 'a' });
    expect(faultOf(derived({ timeoutMs: 5 }))).toBeUndefined();
    expect(faultOf(derived({ timeoutMs: '5' }))).toContain('"timeoutMs"');
    expect(faultOf(derived({ timeot: 5 }))).toContain('Did you mean "timeoutMs"?');
    class Given {
      timeoutMs = 5;
      describe(): string {
        return 'methods are no options';
      }
    }
    expect(faultOf(new Given())).toBeUndefined();
  });

  it('says what is missing', () => {
    const required = { url: { kind: text, about: 'A URL.', required: true } };
    expect(faultOf({}, required)).toBe('Option "url" must be a non-empty string, not nothing.');
    expect(faultOf({ url: undefined }, required)).toContain('not nothing');
  });

  it('shows a word that is none of the allowed ones, and no other value', () => {
    const words = { kind: oneOf('a', 'b'), about: 'A word.' };
    expect(faultOf({ w: 'c' }, { w: words })).toBe('Option "w" must be one of "a", "b", not "c".');
    const secret = 's3cret-value';
    for (const kind of [flag, timeLimit, anyFunction, abortSignal, texts, textsByName, switchOf(inner)]) {
      expect(faultOf({ w: secret }, { w: { kind, about: 'Any.' } })).not.toContain(secret);
      expect(faultOf({ w: [secret] }, { w: { kind: flag, about: 'Any.' } })).not.toContain(secret);
    }
    const rule = textThat(() => 'a URL without a password');
    expect(faultOf({ w: secret }, { w: { kind: rule, about: 'Any.' } })).toBe(
      'Option "w" must be a URL without a password.',
    );
  });
});

describe('checking one value', () => {
  const cases: [string, Kind, unknown[], unknown[]][] = [
    [
      'texts by name',
      textsByName,
      [{}, { a: '' }],
      [new Map(), new Headers(), { a: 1 }, { a: undefined }, []],
    ],
    ['texts', texts, [[], ['']], ['x', [1], [undefined], { 0: 'a' }, new Set(['a'])]],
    ['a signal', abortSignal, [new AbortController().signal], [new AbortController(), {}, 1]],
    ['a URL', urlObject, [new URL('http://a')], ['http://a', { href: 'http://a' }]],
    ['a function', anyFunction, [() => {}, URL], [{}, 'f']],
    ['bytes', count(1, 'bytes'), [1, Infinity], [0, 1.5, '1', 1n]],
    ['either', either(oneOf('x'), anyFunction), ['x', () => 1], ['y', 1]],
  ];
  it.each(cases)('accepts and refuses %s', (_, kind, right, wrong) => {
    for (const value of right) expect(thrownBy(() => checkValue('v', kind, value))).toBeUndefined();
    for (const value of wrong) expect(thrownBy(() => checkValue('v', kind, value))).toContain('"v');
  });

  it('says what an object is', () => {
    const fault = thrownBy(() => checkValue('signal', abortSignal, new AbortController()));
    expect(fault).toBe('Option "signal" must be an AbortSignal, not an AbortController.');
    const map = thrownBy(() => checkValue('headers', either(textsByName, anyFunction), new Map()));
    expect(map).toBe('Option "headers" must be an object of strings or a function, not a Map.');
  });
});

describe('filling in defaults', () => {
  it('takes what is given, and the default of what is undefined', () => {
    const given: { attempts?: number; delayMs?: number | undefined } = Object.assign(
      { attempts: 5 },
      { delayMs: undefined },
    );
    expect(withDefaults<object>(defaultsOf(inner), given)).toEqual({
      attempts: 5,
      delayMs: 250,
    });
    expect(withDefaults(defaultsOf(inner), undefined)).toEqual({ attempts: 3, delayMs: 250 });
  });

  it('makes an object of its own of what is inherited', () => {
    const derived: unknown = Object.assign(Object.create({ a: 1, b: 2 }), { b: undefined, c: 3 });
    expect(Object.entries(withoutUndefined(derived) ?? {})).toEqual([
      ['c', 3],
      ['a', 1],
    ]);
  });
});
