import type { ReactNode } from 'react';
import type { Board } from './boards.ts';

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
const BOARD_PATHS: Readonly<Record<Board['icon'], string>> = {
  bell: 'M5 14V9a5 5 0 0 1 10 0v5l1.5 1.5h-13zM8.5 17.5h3',
  pulse: 'M2.5 10.5H6l2.5-6 3.5 11 2.5-5h3',
  bulb: 'M7.5 14.5c0-2-2-3-2-5.5a4.5 4.5 0 0 1 9 0c0 2.5-2 3.5-2 5.5zM8 17.5h4',
  rule: 'M3 14.5 8 8l3.5 3.5L17 4.5M3 17.5h14',
  book: 'M4 4.5C6 3.5 8 3.5 10 5c2-1.5 4-1.5 6-.5v11c-2-1-4-1-6 .5-2-1.5-4-1.5-6-.5zM10 5v11',
};
export const BoardIcon = ({ of }: { readonly of: Board['icon'] }) => (
  <Icon>
    <path d={BOARD_PATHS[of]} />
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
