import { useEffect, useRef, useState, type ReactNode } from 'react';
import type { ElementState, OpenView, ViewValues } from '../protocol.ts';
import { api } from './api.ts';
import { BlockView } from './blocks.tsx';
import type { FormState } from './form-state.ts';
import { useViewer } from './person-context.ts';

interface Filling {
  readonly form: FormState;
  readonly trouble: string;
  readonly isBusy: boolean;
  submit(): Promise<void>;
}

/** What was entered, what was wrong with it, and the way to the app. */
function useFilling(view: OpenView): Filling {
  const { user } = useViewer();
  const [values, setValues] = useState<ViewValues>({});
  const [errors, setErrors] = useState<Readonly<Record<string, string>>>({});
  const [trouble, setTrouble] = useState('');
  const [isBusy, setBusy] = useState(false);
  return {
    trouble,
    isBusy,
    form: {
      values,
      errors,
      set(blockId: string, actionId: string, state: ElementState) {
        setValues((now) => ({ ...now, [blockId]: { ...now[blockId], [actionId]: state } }));
        setErrors((now) => Object.fromEntries(Object.entries(now).filter(([id]) => id !== blockId)));
      },
    },
    async submit() {
      setBusy(true);
      setTrouble('');
      const result = await api.submit(user, view.id, values);
      setBusy(false);
      if (result.ok) return;
      setErrors(result.errors ?? {});
      if (!result.errors) setTrouble(result.error === 'operation_timeout' ? 'The app did not answer in time.' : result.error);
    },
  };
}

function Foot({ view, filling, onClose }: { readonly view: OpenView; readonly filling: Filling; onClose(): void }): ReactNode {
  return (
    <footer>
      {filling.trouble !== '' && (
        <p className="error" role="alert">
          {filling.trouble}
        </p>
      )}
      <button type="button" className="press" onClick={onClose}>
        {view.close?.text ?? 'Close'}
      </button>
      {view.submit && (
        <button type="submit" className="press primary" aria-disabled={filling.isBusy}>
          {view.submit.text}
        </button>
      )}
    </footer>
  );
}

/** A modal of the app: focus stays inside, Escape closes. */
export function Modal({ view }: { readonly view: OpenView }): ReactNode {
  const { user, run } = useViewer();
  const dialog = useRef<HTMLDialogElement>(null);
  const filling = useFilling(view);
  useEffect(() => {
    const element = dialog.current;
    element?.showModal();
    element?.querySelector<HTMLElement>('.input input, .input select, .input textarea')?.focus();
    return () => element?.close();
  }, []);
  const close = (): void => void run(() => api.close(user, view.id));
  return (
    <dialog
      ref={dialog}
      className="modal"
      aria-labelledby="modal-title"
      onCancel={(event) => {
        event.preventDefault();
        close();
      }}
    >
      <form
        noValidate
        onSubmit={(event) => {
          event.preventDefault();
          void filling.submit();
        }}
      >
        <header>
          <h2 id="modal-title">{view.title?.text}</h2>
          <button type="button" className="icon" aria-label="Close" onClick={close}>
            ✕
          </button>
        </header>
        <div className="content">
          {view.blocks.map((block) => (
            <BlockView key={block.block_id} block={block} place={{ view: view.id }} form={filling.form} />
          ))}
        </div>
        <Foot view={view} filling={filling} onClose={close} />
      </form>
    </dialog>
  );
}
