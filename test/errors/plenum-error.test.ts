import { beforeAll, describe, expect, expectTypeOf, it } from 'vitest';
import {
  PlenumError,
  PLENUM_ERROR_CODES,
  type CatalogCollision,
  type PlenumErrorCode,
} from '../../src/index.ts';

function inCircle(): object {
  const circle: { self?: object } = {};
  circle.self = circle;
  return circle;
}

describe('an error in other words', () => {
  const cause = new Error('the socket');
  const advice = [{ do: 'call', method: 'reconnect' }] as const;
  const facts = { server: 's', maybeExecuted: false, cause, advice, detail: 'The end:\nx' };
  const error = new PlenumError('CONNECTION_LOST', 'It is gone.', facts);

  it('has a message of its summary, its advice and its detail', () => {
    expect(error.summary).toBe('It is gone.');
    expect(error.message).toBe('It is gone. Call reconnect().\nThe end:\nx');
  });

  it('keeps its code, its facts and its cause', () => {
    const same = error.withMessage('gone for good');
    expect(same).toMatchObject({ code: 'CONNECTION_LOST', message: 'gone for good', server: 's' });
    expect(same).toMatchObject({ maybeExecuted: false, cause, summary: 'gone for good' });
    expect(same.advice).toBeUndefined();
  });

  it('but for the facts that are replaced', () => {
    const other = error.withMessage('gone', { maybeExecuted: true, cause: error });
    expect(other).toMatchObject({ server: 's', maybeExecuted: true, cause: error });
  });

  it('keeps advice and detail behind another summary', () => {
    const other = error.withSummary('Calling: it is gone.', { server: 't' });
    expect(other).toMatchObject({ server: 't', cause, advice, detail: 'The end:\nx' });
    expect(other.message).toBe('Calling: it is gone. Call reconnect().\nThe end:\nx');
  });

  it('becomes JSON with each fact once, without stack and cause', () => {
    expect(JSON.parse(JSON.stringify(error))).toEqual({
      name: 'PlenumError',
      code: 'CONNECTION_LOST',
      message: error.message,
      advice,
      server: 's',
      maybeExecuted: false,
    });
  });

  it.each([
    ['a bigint', { size: 1n }],
    ['a cycle', inCircle()],
    ['nothing but a bigint', 1n],
  ])('becomes JSON without data that has %s', (_, data) => {
    const { message } = error;
    const other = new PlenumError('PROTOCOL', message, { server: 's', data });
    const outer = new PlenumError('CONNECT_FAILED', 'all', { errors: [other] });
    const json = { name: 'PlenumError', code: 'PROTOCOL', message, server: 's' };
    expect(JSON.parse(JSON.stringify(outer))).toMatchObject({ message: 'all', errors: [json] });
  });

  it('is printed by its name', () => {
    expect(String(error)).toMatch(/^PlenumError: It is gone\./);
    expect(error.stack).toMatch(/^PlenumError: It is gone\./);
  });
});

describe('whatever was thrown', () => {
  it('is an error of ours already, or becomes the cause of one', () => {
    const ours = new PlenumError('TIMEOUT', 'late');
    expect(PlenumError.from(ours, 'PROTOCOL', 'Calling')).toBe(ours);
    const thrown = new TypeError('boo');
    const made = PlenumError.from(thrown, 'PROTOCOL', 'Calling', { server: 's' });
    expect(made).toMatchObject({ code: 'PROTOCOL', message: 'Calling: boo', server: 's', cause: thrown });
  });

  const own = new Error('own');
  own.cause = own;
  const [first, second] = [new Error('first'), new Error('second')];
  first.cause = second;
  second.cause = first;
  const inItself = new AggregateError([], '');
  inItself.errors.push(inItself, new Error('x'), new Error('y'));
  const many = new AggregateError(
    Array.from({ length: 100_000 }, () => own),
    '',
  );
  const chain = Array.from({ length: 50_000 }).reduce<Error>(
    (cause, _, index) => new Error(`${index}`, { cause }),
    new Error('root'),
  );
  const odd = Object.assign(new Error('odd', { cause: first }), { message: 5 });
  const revoked = Proxy.revocable({}, {});
  revoked.revoke();
  const refuses = (): never => {
    throw new Error('no');
  };

  it.each([
    ['its own cause', own, 'own'],
    ['the cause of its cause', first, 'first (second)'],
    ['an aggregate with itself', inItself, 'x; y'],
    ['a large aggregate', many, 'own'],
    ['a message that is no text', odd, '5 (first (second))'],
    ['no prototype', Object.create(null), /cannot be shown/],
    ['no text', { toString: refuses }, /cannot be shown/],
    ['no message', Object.defineProperty(new Error('x'), 'message', { get: refuses }), /cannot be shown/],
    ['a revoked proxy', revoked.proxy, /cannot be shown/],
    ['a proxy that throws', new Proxy({}, { has: refuses, getPrototypeOf: refuses }), /cannot be shown/],
    ['our brand and no code', { [Symbol.for('mcp-plenum.error')]: true }, '[object Object]'],
    ['a long chain of causes', chain, /^49999 \(49998/],
  ])('may have %s', (_, thrown: unknown, text) => {
    const made = PlenumError.from(thrown, 'PROTOCOL', 'Calling');
    expect(made).toBeInstanceOf(Error);
    expect(made.code).toBe('PROTOCOL');
    expect(made.message.replace('Calling: ', '')).toEqual(
      typeof text === 'string' ? text : expect.stringMatching(text),
    );
    expect(made.message.length).toBeLessThan(500);
  });
});

describe('an error made of a JSON-RPC error', () => {
  const elicitations = [{ elicitationId: 'e', message: 'Log in', url: 'https://example.org/' }];

  it.each([
    ['a refusal', { code: -1, message: 'The user said no', data: { why: ['a'] } }],
    ['one without data', { code: -32_602, message: '' }],
    [
      'one that asks for URLs and names none',
      { code: -32_042, message: 'Log in', data: { elicitations: 3 } },
    ],
  ])('has the fields of %s', (_, sent) => {
    const error = PlenumError.fromJsonRpc(sent);
    expect(error).toBeInstanceOf(PlenumError);
    expect(error).toMatchObject({ code: 'PROTOCOL', rpcCode: sent.code, rpcMessage: sent.message });
    expect(error.data).toEqual('data' in sent ? sent.data : undefined);
    expect(Object.keys(error)).not.toContain('[object Symbol]');
  });

  it('asks the user to visit URLs when it names some', () => {
    const data = { elicitations, more: 1 };
    const error = PlenumError.fromJsonRpc({ code: -32_042, message: 'Log in', data });
    expect(error).toMatchObject({ code: 'URL_ELICITATION_REQUIRED', rpcCode: -32_042, rpcMessage: 'Log in' });
    expect(error).toMatchObject({ elicitations, data });
    if (error.code === 'URL_ELICITATION_REQUIRED')
      expectTypeOf(error.data?.elicitations[0]?.url).toEqualTypeOf<string | undefined>();
  });

  it.each([
    ['nothing', undefined],
    ['a text', 'no'],
    ['no code', { message: 'm' }],
    ['a code that is no whole number', { code: 1.5, message: 'm' }],
    ['a code that is a text', { code: '1', message: 'm' }],
    ['no message', { code: 1 }],
  ])('is INVALID_ARGUMENTS for %s', (_, given: unknown) => {
    expect(() => Reflect.apply(PlenumError.fromJsonRpc, PlenumError, [given])).toThrow(
      expect.objectContaining({ code: 'INVALID_ARGUMENTS' }),
    );
  });
});

describe('the type of an error', () => {
  const thrown: unknown = new PlenumError('NAME_COLLISION', 'taken', { data: { collisions: [] } });

  it('gives its data a type for each code', () => {
    if (!(thrown instanceof PlenumError)) throw new Error('not ours');
    expectTypeOf(thrown).toEqualTypeOf<PlenumError>();
    if (thrown.code === 'NAME_COLLISION')
      expectTypeOf(thrown.data?.collisions).toEqualTypeOf<readonly CatalogCollision[] | undefined>();
    if (thrown.code === 'PROTOCOL') expectTypeOf(thrown.data).toEqualTypeOf<unknown>();
    if (thrown.code === 'ABORTED') expectTypeOf(thrown.data).toEqualTypeOf<undefined>();
    expectTypeOf<PlenumError<'TIMEOUT'>>().toExtend<PlenumError>();
    expect(thrown.data).toEqual({ collisions: [] });
  });

  it('is left over when it is told from something else', () => {
    const either = thrown as PlenumError | { readonly a: 1 };
    if (!(either instanceof PlenumError)) expectTypeOf(either).toEqualTypeOf<{ readonly a: 1 }>();
    expect(either).toBeInstanceOf(PlenumError);
  });

  it('refuses data of another code', () => {
    // @ts-expect-error a timeout has no collisions
    const wrong = new PlenumError('TIMEOUT', 'late', { data: { collisions: [] } });
    expect(wrong.code).toBe('TIMEOUT');
  });

  it('takes a code that is known at run time only', () => {
    const code: PlenumErrorCode = PLENUM_ERROR_CODES[0] ?? 'PROTOCOL';
    expectTypeOf(new PlenumError(code, 'x', { server: 's' })).toExtend<PlenumError>();
    expect(new PlenumError(code, 'x').code).toBe(code);
  });
});

describe('a class that extends PlenumError', () => {
  class Broken extends PlenumError {
    readonly part = 'wheel';
  }
  class Refused extends PlenumError<'PROTOCOL'> {
    constructor() {
      super('PROTOCOL', 'refused', { data: { why: 'closed' } });
    }
  }

  it('has its own instances, which are PlenumErrors', () => {
    const broken: unknown = new Broken('PROTOCOL', 'broken');
    expect(broken).toBeInstanceOf(Broken);
    expect(broken).toBeInstanceOf(PlenumError);
    expect(broken).not.toBeInstanceOf(Refused);
    expect(new PlenumError('PROTOCOL', 'x')).not.toBeInstanceOf(Broken);
    if (broken instanceof Broken) expectTypeOf(broken).toEqualTypeOf<Broken>();
    const refused: PlenumError = new Refused();
    expect(refused).toMatchObject({ code: 'PROTOCOL', data: { why: 'closed' } });
  });
});

describe('two copies of the package', () => {
  let other: typeof PlenumError;
  beforeAll(async () => {
    // With a query, a module is loaded once more.
    const again = '../../src/errors/plenum-error.ts?copy';
    const copy: { PlenumError: typeof PlenumError } = await import(again);
    other = copy.PlenumError;
  });

  it("recognise each other's errors", () => {
    expect(other).not.toBe(PlenumError);
    expect(new other('TIMEOUT', 'late')).toBeInstanceOf(PlenumError);
    expect(new PlenumError('TIMEOUT', 'late')).toBeInstanceOf(other);
    expect(new Error('TIMEOUT')).not.toBeInstanceOf(PlenumError);
    for (const value of [null, undefined, 'x', { name: 'PlenumError', code: 'TIMEOUT' }])
      expect(value instanceof PlenumError).toBe(false);
  });

  it('hand them on as they are', () => {
    const theirs = new other('CONNECTION_LOST', 'gone', { maybeExecuted: true, detail: 'x' });
    expect(PlenumError.from(theirs, 'PROTOCOL', 'Calling')).toBe(theirs);
    const told = theirs.withSummary('Calling: gone');
    expect(told).toMatchObject({ message: 'Calling: gone\nx', maybeExecuted: true });
    expect(told).toBeInstanceOf(PlenumError);
  });
});
