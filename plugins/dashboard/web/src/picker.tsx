import { Autocomplete } from '@base-ui/react/autocomplete';
import { useQuery } from '@tanstack/react-query';
import type { Resource } from 'novacron/plugin';
import { useDeferredValue } from 'react';
import { useSession } from './session.tsx';

interface PickerProps {
  readonly kind: string;
  readonly value: string;
  readonly isRequired: boolean;
  onChange(value: string): void;
}

/** The name of a thing, with those found as one types. A name or id may also be typed whole. */
export function Picker({ kind, value, isRequired, onChange }: PickerProps) {
  const { ask } = useSession();
  const text = useDeferredValue(value);
  const { data = [], isFetching } = useQuery({
    queryKey: ['search', kind, text],
    queryFn: async ({ signal }) =>
      (await ask<{ resources: readonly Resource[] }>(`/resources/${kind}?q=${encodeURIComponent(text.slice(0, 200))}`, { signal }))
        .resources,
    placeholderData: (before) => before,
  });
  return (
    <Autocomplete.Root
      items={[...data]}
      value={value}
      onValueChange={onChange}
      itemToStringValue={({ name }: Resource) => name}
      mode="none"
      openOnInputClick
    >
      <Autocomplete.Input placeholder={`Search ${kind}s`} required={isRequired} autoCapitalize="none" spellCheck={false} />
      <Autocomplete.Portal>
        <Autocomplete.Positioner className="positioner" sideOffset={4} align="start">
          <Autocomplete.Popup className="menu picker" aria-busy={isFetching}>
            <Autocomplete.Empty className="menu-empty">{isFetching ? 'Searching …' : `No ${kind} like that.`}</Autocomplete.Empty>
            <Autocomplete.List>
              {(resource: Resource) => (
                <Autocomplete.Item className="menu-item" key={resource.id} value={resource}>
                  <span>{resource.name}</span>
                  {resource.tenant !== null && <span className="quiet">{resource.tenant}</span>}
                </Autocomplete.Item>
              )}
            </Autocomplete.List>
          </Autocomplete.Popup>
        </Autocomplete.Positioner>
      </Autocomplete.Portal>
    </Autocomplete.Root>
  );
}
