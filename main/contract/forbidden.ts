/** What an organisation may keep a person from having of their own. */
export const forbidden = ['providers', 'connections', 'break-glass', 'commands'] as const;
export type Forbidden = (typeof forbidden)[number];
