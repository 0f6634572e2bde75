import { QueryClient, QueryClientProvider } from '@tanstack/react-query';
import { StrictMode } from 'react';
import { createRoot } from 'react-dom/client';
import { Problem } from './api.ts';
import { App } from './app.tsx';
import { LiveGate } from './live.tsx';
import { SessionGate } from './session.tsx';
import { applyTheme, readTheme } from './theme.ts';

applyTheme(readTheme());

const queries = new QueryClient({
  defaultOptions: {
    queries: {
      // What the hub refuses it refuses again; what it could not answer is asked again.
      retry: (count, error) => count < 3 && !(error instanceof Problem && error.status >= 400 && error.status < 500),
      staleTime: 2000,
    },
  },
});

const root = document.querySelector('#root');
if (root === null) throw new Error('index.html has no #root.');
createRoot(root).render(
  <StrictMode>
    <QueryClientProvider client={queries}>
      <SessionGate>
        <LiveGate>
          <App />
        </LiveGate>
      </SessionGate>
    </QueryClientProvider>
  </StrictMode>,
);
