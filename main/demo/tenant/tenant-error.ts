/** A refusal of the control operations or of a bad start option: the caller asked for something that is not there. */
export interface TenantError extends Error {
  code: 'not_found' | 'invalid';
}

export function tenantError(code: TenantError['code'], message: string): TenantError {
  return Object.assign(new Error(message), { code });
}

export function isTenantError(error: unknown): error is TenantError {
  return (
    error instanceof Error && 'code' in error && (error.code === 'not_found' || error.code === 'invalid')
  );
}
