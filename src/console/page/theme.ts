import { byId } from './dom.ts';

const KEY = 'tidegate-console-theme';

/** Light or dark by the system's setting or the user's choice, which is remembered. */
export function followTheme(changed: () => void): void {
  const select = byId('theme') as HTMLSelectElement;
  const system = matchMedia('(prefers-color-scheme: dark)');
  const apply = (): void => {
    const dark = select.value === 'dark' || (select.value === 'auto' && system.matches);
    document.documentElement.toggleAttribute('data-dark', dark);
    changed();
  };
  const known = remembered();
  if (known === 'light' || known === 'dark') select.value = known;
  select.addEventListener('change', () => {
    remember(select.value);
    apply();
  });
  system.addEventListener('change', apply);
  apply();
}

/** Storage may be blocked. */
function remembered(): string | null {
  try {
    return localStorage.getItem(KEY);
  } catch {
    return null;
  }
}

function remember(value: string): void {
  try {
    localStorage.setItem(KEY, value);
  } catch {
    // The choice then lasts for this page.
  }
}
