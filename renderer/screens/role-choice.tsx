import type { Grant } from '../../main/contract/state.ts';
import { SelectField } from '../ui/field.tsx';
import { plainText } from '../ui/name.tsx';

/** No name of a role: names are never empty. */
export const defaultRole = '';

/** Which role is meant; nothing where there is no choice. */
export function RoleChoice(props: { roles: readonly Grant[]; value: string; onChange(role: string): void }) {
  const { roles, value, onChange } = props;
  if (roles.length < 2) return null;
  return (
    <SelectField
      label="Role"
      hint="The default one is found anew at each login."
      value={value}
      options={[
        { value: defaultRole, label: 'Default role' },
        ...roles.map((grant) => ({ value: grant.role, label: plainText(grant.role) })),
      ]}
      onChange={onChange}
    />
  );
}
