import { BlockList, isIP } from 'node:net';

/** Ranges that are not globally routable, by RFC 6890 and its successors. */
const PRIVATE_RANGES: readonly (readonly [network: string, prefix: number])[] = [
  ['0.0.0.0', 8],
  ['10.0.0.0', 8],
  ['100.64.0.0', 10],
  ['127.0.0.0', 8],
  ['169.254.0.0', 16],
  ['172.16.0.0', 12],
  ['192.0.0.0', 24],
  ['192.168.0.0', 16],
  ['198.18.0.0', 15],
  ['224.0.0.0', 4],
  ['240.0.0.0', 4],
  ['::', 128],
  ['::1', 128],
  ['64:ff9b:1::', 48],
  ['2001::', 32],
  ['2002::', 16],
  ['fc00::', 7],
  ['fe80::', 10],
  ['fec0::', 10],
  ['ff00::', 8],
];

const blocked = new BlockList();
for (const [network, prefix] of PRIVATE_RANGES) {
  if (network.includes(':')) {
    blocked.addSubnet(network, prefix, 'ipv6');
    continue;
  }
  blocked.addSubnet(network, prefix, 'ipv4');
  // NAT64: a gateway translates these to the IPv4 address.
  blocked.addSubnet(`64:ff9b::${network}`, 96 + prefix, 'ipv6');
}

/** Whether an IP address is not globally routable. IPv4 embedded in IPv6 counts as IPv4. */
export function isPrivateAddress(address: string): boolean {
  const bare = address.split('%', 1)[0] ?? address;
  return isIP(bare) === 6 ? blocked.check(bare, 'ipv6') : blocked.check(bare, 'ipv4');
}

/** The host of a URL when it is an IP address, without brackets; undefined when it is a name. */
export function literalAddress(url: URL): string | undefined {
  const host = url.hostname.replace(/^\[|\]$/g, '');
  return isIP(host) === 0 ? undefined : host;
}

/** Whether a URL's host is a loopback address or `localhost`. */
export function isLoopbackUrl(url: URL): boolean {
  const { hostname } = url;
  if (hostname === 'localhost' || hostname.endsWith('.localhost') || hostname === '[::1]') return true;
  return literalAddress(url)?.startsWith('127.') === true;
}
