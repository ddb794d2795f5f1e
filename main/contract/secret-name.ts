/** The name under which the password of a role is stored, where the person gives none: in the letters that such names have. */
export function secretName(connection: string, role: string): string {
  return `${connection}-${role}`
    .toLowerCase()
    .replaceAll(/[^a-z0-9_-]+/g, '-')
    .slice(0, 63);
}
