import { describe, expect, it } from 'vitest';
import { childEnvironment } from '../../../src/transport/stdio/child-environment.ts';

const source = {
  HOME: '/home/me',
  LOGNAME: 'me',
  PATH: '/bin',
  SHELL: '/bin/sh',
  TERM: 'dumb',
  USER: 'me',
  API_KEY: 'secret',
  LANG: 'C',
};
const minimal = {
  HOME: '/home/me',
  LOGNAME: 'me',
  PATH: '/bin',
  SHELL: '/bin/sh',
  TERM: 'dumb',
  USER: 'me',
};

describe('T1 stdio environment', () => {
  it('is minimal when nothing is said', () => {
    expect(childEnvironment({}, source, 'linux')).toEqual(minimal);
    expect(childEnvironment({ inheritEnv: false }, source, 'linux')).toEqual(minimal);
  });

  it('leaves out what the parent does not have', () => {
    expect(childEnvironment({}, { HOME: '/home/me', PATH: undefined }, 'linux')).toEqual({
      HOME: '/home/me',
    });
  });

  it('adds the variables of the spec, which win', () => {
    const env = childEnvironment({ env: { TOKEN: 't', PATH: '/opt' } }, source, 'linux');
    expect(env).toEqual({ ...minimal, TOKEN: 't', PATH: '/opt' });
  });

  it('adds variables by name, and only those', () => {
    const env = childEnvironment({ inheritEnv: ['LANG', 'NOT_SET'] }, source, 'linux');
    expect(env).toEqual({ ...minimal, LANG: 'C' });
  });

  it('is the whole of the parent when asked for', () => {
    expect(childEnvironment({ inheritEnv: true }, source, 'linux')).toEqual(source);
  });

  it('never holds an exported shell function', () => {
    const withFunction = { ...source, TERM: '() { :; }; touch /tmp/x' };
    const { TERM: _, ...rest } = minimal;
    expect(childEnvironment({}, withFunction, 'linux')).toEqual(rest);
    expect(childEnvironment({ inheritEnv: ['TERM'] }, withFunction, 'linux')).toEqual(rest);
    expect(childEnvironment({ inheritEnv: true }, withFunction, 'linux')).not.toHaveProperty('TERM');
  });

  it('has on Windows what a program needs there', () => {
    const windows = {
      SYSTEMROOT: 'C:\\Windows',
      USERPROFILE: 'C:\\Users\\me',
      PATH: 'C:\\bin',
      HOME: 'x',
      KEY: 's',
    };
    const env = childEnvironment({}, windows, 'win32');
    expect(env).toEqual({ SYSTEMROOT: 'C:\\Windows', USERPROFILE: 'C:\\Users\\me', PATH: 'C:\\bin' });
  });

  it('holds one PATH on Windows, however it is spelt', () => {
    const env = childEnvironment(
      { env: { path: 'D:\\bin' }, inheritEnv: true },
      { Path: 'C:\\bin' },
      'win32',
    );
    expect(env).toEqual({ path: 'D:\\bin' });
  });

  it('tells PATH from path on POSIX', () => {
    const env = childEnvironment({ env: { path: 'x' } }, { PATH: '/bin' }, 'linux');
    expect(env).toEqual({ PATH: '/bin', path: 'x' });
  });

  it('is read when a server starts, not before', () => {
    process.env['PLENUM_TEST_LATE'] = 'late';
    try {
      expect(childEnvironment({ inheritEnv: ['PLENUM_TEST_LATE'] })).toHaveProperty(
        'PLENUM_TEST_LATE',
        'late',
      );
    } finally {
      delete process.env['PLENUM_TEST_LATE'];
    }
  });
});
