import { describe, expect, it } from 'vitest';
import {
  isLoopbackUrl,
  isPrivateAddress,
  literalAddress,
} from '../../../src/auth/network/private-address.ts';

describe('A2 which addresses are private', () => {
  it.each([
    '127.0.0.1',
    '127.9.9.9',
    '10.0.0.1',
    '172.16.0.1',
    '172.31.255.255',
    '192.168.1.1',
    '169.254.169.254',
    '100.64.0.1',
    '0.0.0.0',
    '255.255.255.255',
    '::',
    '::1',
    'fe80::1',
    'fe80::1%eth0',
    'fd00::1',
    '::ffff:10.0.0.1',
    '64:ff9b::10.0.0.1',
    '64:ff9b::a9fe:a9fe',
  ])('%s is', (address) => {
    expect(isPrivateAddress(address)).toBe(true);
  });

  it.each([
    '8.8.8.8',
    '172.32.0.1',
    '100.128.0.1',
    '192.0.2.1',
    '2606:4700::1',
    '::ffff:8.8.8.8',
    '64:ff9b::8.8.8.8',
  ])('%s is not', (address) => {
    expect(isPrivateAddress(address)).toBe(false);
  });

  it('a URL may hide one in many spellings', () => {
    const spelled = ['http://2130706433', 'http://0x7f.1', 'http://127.1', 'http://[::ffff:7f00:1]'];
    const addresses = spelled.map((text) => literalAddress(new URL(text)) ?? '');
    expect(addresses.map(isPrivateAddress)).toEqual([true, true, true, true]);
    expect(literalAddress(new URL('http://127.0.0.1.example.com'))).toBeUndefined();
  });

  it('names of this machine', () => {
    const hosts = ['localhost', 'x.localhost', '127.0.0.1', '[::1]', 'localhost.example.com', '10.0.0.1'];
    const loopback = hosts.filter((host) => isLoopbackUrl(new URL(`http://${host}/`)));
    expect(loopback).toEqual(['localhost', 'x.localhost', '127.0.0.1', '[::1]']);
  });
});
