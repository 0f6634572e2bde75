import { useEffect, useState, type ReactNode } from 'react';

const THEMES = ['auto', 'light', 'dark'] as const;
type Theme = (typeof THEMES)[number];

const remembered = (): Theme => THEMES.find((theme) => theme === localStorage.getItem('theme')) ?? 'auto';

/** Light, dark, or as the machine says. */
export function ThemeSwitch(): ReactNode {
  const [theme, setTheme] = useState<Theme>(remembered);
  useEffect(() => {
    document.documentElement.dataset['theme'] = theme;
    localStorage.setItem('theme', theme);
  }, [theme]);
  return (
    <div className="themes" role="radiogroup" aria-label="Colours">
      {THEMES.map((name) => (
        <button type="button" key={name} role="radio" aria-checked={name === theme} onClick={() => setTheme(name)}>
          {name}
        </button>
      ))}
    </div>
  );
}
