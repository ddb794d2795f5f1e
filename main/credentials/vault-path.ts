/** Whether the vault changes the password of one user there, and does not make a user for each login. */
export function isStatic(path: string): boolean {
  return path.split('/').at(-2) === 'static-creds';
}
