/** The part of `fetch` that is used here; Electron's `net.fetch` fits as it is, and undici's behind a thin wrapper. */
export type FetchLike = (url: string, init: RequestInit) => Promise<Response>;
