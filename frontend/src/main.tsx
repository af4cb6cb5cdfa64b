import { QueryClient, QueryClientProvider } from '@tanstack/react-query';
import { StrictMode } from 'react';
import { createRoot } from 'react-dom/client';
import { createBrowserRouter } from 'react-router';
import { RouterProvider } from 'react-router/dom';
import { setUnauthorizedHandler } from './api/client';
import { isProblem } from './api/problem';
import { App } from './app';
import { expireSession } from './features/login/session';
import { firstLanguage } from './i18n';
import './ui/base.css';
import { Boundary } from './ui/dead-end';
import { applyTokens } from './ui/tokens';

const RETRIES = 2;

const client = new QueryClient({
  defaultOptions: {
    // Also without a network: a request that fails says so, one that waits says nothing.
    mutations: { networkMode: 'always' },
    queries: {
      networkMode: 'always',
      refetchOnReconnect: true,
      staleTime: 10_000,
      retry: (failures, error) => failures < RETRIES && isProblem(error) && (error.status === 0 || error.status >= 500),
    },
  },
});

setUnauthorizedHandler(() => expireSession(client));

// This kind of router can ask before a page is left.
const router = createBrowserRouter([
  {
    path: '*',
    element: (
      <Boundary>
        <App />
      </Boundary>
    ),
  },
]);

applyTokens(document.documentElement);
document.documentElement.lang = firstLanguage(localStorage.getItem('rinkaku.language'), navigator.languages);

const root = document.getElementById('root');
if (root !== null) {
  createRoot(root).render(
    <StrictMode>
      <QueryClientProvider client={client}>
        <RouterProvider router={router} />
      </QueryClientProvider>
    </StrictMode>,
  );
}
