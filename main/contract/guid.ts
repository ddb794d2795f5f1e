/** An id of Microsoft Entra ID: of a tenant, an application, a group. */
export const guid = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;
