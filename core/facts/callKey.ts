/** A call's name as one text, for maps: no tenant and no call id holds the character between them. */
export const callKeyOf = ({ tenant, callId }: { readonly tenant: string; readonly callId: string }): string =>
  `${tenant}\u0000${callId}`;

export function callOfKey(key: string): { tenant: string; callId: string } {
  const [tenant, callId] = key.split('\u0000');
  return { tenant, callId };
}
