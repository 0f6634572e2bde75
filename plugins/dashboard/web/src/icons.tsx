import type { ReactNode } from 'react';

const Icon = ({ children }: { readonly children: ReactNode }) => (
  <svg className="icon" viewBox="0 0 20 20" aria-hidden="true" focusable="false">
    {children}
  </svg>
);

export const Mark = () => (
  <svg className="mark" viewBox="0 0 32 32" aria-hidden="true" focusable="false">
    <rect width="32" height="32" rx="8" />
    <path d="M9 22V10l14 12V10" />
  </svg>
);

export const VmsIcon = () => (
  <Icon>
    <rect x="3" y="3" width="14" height="5.5" rx="1.5" />
    <rect x="3" y="11.5" width="14" height="5.5" rx="1.5" />
    <path d="M6 5.8h.01M6 14.3h.01" />
  </Icon>
);
export const JobsIcon = () => (
  <Icon>
    <path d="M4 5h8M4 10h12M4 15h6" />
  </Icon>
);
export const ActionsIcon = () => (
  <Icon>
    <path d="M11 2.5 4.5 11H10l-1 6.5L15.5 9H10z" />
  </Icon>
);
export const BackIcon = () => (
  <Icon>
    <path d="M12 4.5 6.5 10l5.5 5.5" />
  </Icon>
);
export const CloseIcon = () => (
  <Icon>
    <path d="m5 5 10 10M15 5 5 15" />
  </Icon>
);
export const MoreIcon = () => (
  <Icon>
    <path d="M4.5 10h.01M10 10h.01M15.5 10h.01" />
  </Icon>
);
export const PlusIcon = () => (
  <Icon>
    <path d="M10 4v12M4 10h12" />
  </Icon>
);
export const SunIcon = () => (
  <Icon>
    <circle cx="10" cy="10" r="3.2" />
    <path d="M10 2.5v1.5M10 16v1.5M2.5 10H4M16 10h1.5M4.7 4.7l1 1M14.3 14.3l1 1M4.7 15.3l1-1M14.3 5.7l1-1" />
  </Icon>
);
