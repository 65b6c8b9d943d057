/** The two sides of a call, in the order in which every array indexed by channel lists them. */
export const CHANNELS = ['caller', 'agent'] as const;
export type Channel = (typeof CHANNELS)[number];

export const otherChannel = (channel: Channel): Channel => (channel === 'caller' ? 'agent' : 'caller');
