/** The tenant of calls whose URL and hello name none. */
export const DEFAULT_TENANT = 'default';
