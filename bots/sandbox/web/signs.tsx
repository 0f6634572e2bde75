import type { ReactNode } from 'react';

/** The signs that the app uses most, drawn here: not every machine has a font for them. */
const disc = (fill: string, inner?: ReactNode): ReactNode => (
  <>
    <circle cx="10" cy="10" r="8.5" fill={fill} />
    {inner}
  </>
);

const stroke = { fill: 'none', stroke: 'white', strokeWidth: 2.2, strokeLinecap: 'round', strokeLinejoin: 'round' } as const;

const SIGNS: Readonly<Record<string, ReactNode>> = {
  '✅': disc('#2f9e63', <path d="M6 10.4l2.7 2.7L14 7.6" {...stroke} />),
  '❌': disc('#cf3f4e', <path d="M7 7l6 6M13 7l-6 6" {...stroke} />),
  '🟢': disc('#2f9e63'),
  '🔵': disc('#2f7fd1'),
  '🟠': disc('#e08a2c'),
  '🔴': disc('#cf3f4e'),
  '⚪': disc('#a9b6bd'),
  '⏳': disc('#8a7bd1', <path d="M10 5.5V10l3 2" {...stroke} />),
  '⏹': disc('#7b8a93', <rect x="6.8" y="6.8" width="6.4" height="6.4" rx="1.2" fill="white" />),
  '↩': disc('#7b8a93', <path d="M8.6 6.4L6 9l2.6 2.6M6.4 9h4.8a2.6 2.6 0 010 5.2H9" {...stroke} strokeWidth={1.7} />),
  '🛑': (
    <>
      <path d="M6.5 1.8h7l4.7 4.7v7l-4.7 4.7h-7L1.8 13.5V6.5z" fill="#cf3f4e" />
      <path d="M10 5.6v5.2M10 13.9v.1" {...stroke} />
    </>
  ),
  '⚠': (
    <>
      <path d="M10 2.2l8.6 15.3H1.4z" fill="#e0a12c" stroke="#e0a12c" strokeWidth="1.4" strokeLinejoin="round" />
      <path d="M10 8v4.2M10 14.9v.1" {...stroke} />
    </>
  ),
};

const PATTERN = new RegExp(`(${Object.keys(SIGNS).join('|')})\\uFE0F?`, 'u');

/** Text in which the known signs are pictures; a screen reader reads the sign itself. */
export function withSigns(text: string): ReactNode {
  const parts = text.split(PATTERN);
  if (parts.length === 1) return text;
  return parts.map((part, index) =>
    index % 2 === 1 ? (
      <svg key={index} className="sign-picture" viewBox="0 0 20 20" role="img" aria-label={part}>
        {SIGNS[part]}
      </svg>
    ) : (
      part
    ),
  );
}
