export { createGateway, Gateway, type GatewayClientStatus, type ListenOptions } from './gateway.ts';
export type {
  GatewayAuth,
  GatewayLimits,
  GatewayOptions,
  GatewayServer,
  GatewaySessionOptions,
  Isolation,
} from './gateway-options.ts';
export type { GatewayEvent } from './gateway-events.ts';
export type { Identity } from './clients/identity.ts';
export type { OutwardClient } from './clients/outward-client.ts';
