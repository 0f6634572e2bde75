import { Dialog } from '@base-ui/react/dialog';
import type { ActionDescription, Confirmation, Json } from 'novacron/plugin';
import { useEffect, useRef, useState, type FormEvent, type ReactNode } from 'react';
import { FieldInput } from './field-input.tsx';
import { fieldErrors, initialValues, toInput } from './form-values.ts';
import { CloseIcon } from './icons.tsx';
import { CancelButton, JobProgress } from './jobs-page.tsx';
import { Pill } from './pill.tsx';
import { useJob, useJobs } from './queries.ts';
import { Trouble } from './trouble.tsx';
import { useCall, type CallTools } from './use-call.ts';
import { ViewBox } from './view.tsx';
import { toneOf } from './format.ts';

/** The thing an action was started from: its field is filled and not shown. */
export interface Preset {
  readonly field: string;
  readonly value: string;
  readonly name: string;
}

interface ActionProps {
  readonly action: ActionDescription;
  readonly preset?: Preset | undefined;
  /** What a suggestion knows of the input: the fields are filled, and when nothing is missing the press was the order. */
  readonly given?: { readonly [field: string]: Json } | undefined;
}

interface ButtonProps {
  readonly action: ActionDescription;
  readonly className: string;
  readonly children: ReactNode;
}

/** A button that opens the form of an action. */
export function ActionButton({ action, className, children }: ButtonProps) {
  const [isOpen, setOpen] = useState(false);
  return (
    <>
      <button className={className} type="button" onClick={() => setOpen(true)}>
        {children}
      </button>
      {isOpen && <ActionDialog action={action} onClosed={() => setOpen(false)} />}
    </>
  );
}

export function ActionDialog({ action, preset, given, onClosed }: ActionProps & { onClosed(): void }) {
  const call = useCall(action);
  const { stage } = call;
  const close = (): void => {
    if (stage.is === 'confirm') call.decline(stage.confirmation);
    onClosed();
  };
  return (
    <Dialog.Root open onOpenChange={(isOpen) => !isOpen && close()}>
      <Dialog.Portal>
        <Dialog.Backdrop className="backdrop" />
        <Dialog.Popup className="dialog">
          <div className="dialog-head">
            <Dialog.Title className="dialog-title">
              {action.title}
              {preset !== undefined && <span className="dialog-target">{preset.name}</span>}
            </Dialog.Title>
            <Dialog.Close className="button ghost icon-only" aria-label="Close">
              <CloseIcon />
            </Dialog.Close>
          </div>
          {action.help !== null && <Dialog.Description className="quiet dialog-help">{action.help}</Dialog.Description>}
          <Body action={action} preset={preset} given={given} call={call} />
        </Dialog.Popup>
      </Dialog.Portal>
    </Dialog.Root>
  );
}

function Body({ action, preset, given, call }: ActionProps & { readonly call: CallTools }) {
  const { stage } = call;
  // The form stays while it is not seen, so that a refusal finds it as it was left.
  const isForm = stage.is === 'form' || stage.is === 'busy';
  return (
    <>
      <div hidden={!isForm}>
        <ActionForm action={action} preset={preset} given={given} call={call} />
      </div>
      {stage.is === 'confirm' && <Question confirmation={stage.confirmation} call={call} />}
      {stage.is === 'job' && <JobBox id={stage.id} />}
      {stage.is === 'done' && (
        <>
          <ViewBox view={stage.view} />
          <div className="dialog-end">
            {action.fields.some(({ name }) => name !== preset?.field) && (
              <button className="button" type="button" onClick={call.reset}>
                Change
              </button>
            )}
            <button className="button" type="button" onClick={call.again}>
              Again
            </button>
            <Dialog.Close className="button primary">Done</Dialog.Close>
          </div>
        </>
      )}
    </>
  );
}

function ActionForm({ action, preset, given, call }: ActionProps & { readonly call: CallTools }) {
  const fields = action.fields.filter(({ name }) => name !== preset?.field);
  const [values, setValues] = useState(() => initialValues(fields, given));
  const { stage } = call;
  const problem = stage.is === 'form' ? stage.problem : null;
  const { byField, rest } = fieldErrors(
    problem?.body ?? {},
    fields.map(({ name }) => name),
  );
  const submit = (event: FormEvent): void => {
    event.preventDefault();
    call.send({ ...toInput(fields, values), ...(preset !== undefined && { [preset.field]: preset.value }) });
  };
  // Nothing that must be filled in: the press that opened this was the order. Once, also when React mounts it twice.
  const isKnown = given !== undefined && fields.every(({ name, required }) => !required || name in given);
  const isOrder =
    isKnown || fields.length === 0 || (preset !== undefined && action.risk === 'read' && !fields.some(({ required }) => required));
  const wasSent = useRef(false);
  useEffect(() => {
    if (!isOrder || wasSent.current) return;
    wasSent.current = true;
    call.send({ ...toInput(fields, values), ...(preset !== undefined && { [preset.field]: preset.value }) });
  });
  const isRisky = action.risk === 'disrupt' || action.risk === 'destroy';
  return (
    <form className="form" onSubmit={submit} noValidate>
      {problem !== null && Object.keys(byField).length === 0 && <Trouble error={problem} />}
      {rest.map((message) => (
        <p className="notice bad" key={message}>
          {message}
        </p>
      ))}
      {[...fields.filter(({ required }) => required), ...fields.filter(({ required }) => !required)].map((field) => (
        <FieldInput
          key={field.name}
          field={field}
          value={values[field.name] ?? ''}
          error={byField[field.name]}
          onChange={(value) => setValues((before) => ({ ...before, [field.name]: value }))}
        />
      ))}
      <div className="dialog-end">
        <Dialog.Close className="button">Cancel</Dialog.Close>
        <button className="button primary" type="submit" disabled={stage.is === 'busy'}>
          {stage.is === 'busy' ? 'Asking …' : isRisky ? 'Show the plan' : action.label}
        </button>
      </div>
    </form>
  );
}

/** What would happen, before it does. */
function Question({ confirmation, call }: { readonly confirmation: Confirmation; readonly call: CallTools }) {
  const { plan, by, risk, title } = confirmation;
  return (
    <div className="question" data-risk={risk}>
      <h3>This would happen</h3>
      <ul className="plan">
        {plan.sentences.map((sentence) => (
          <li key={sentence}>{sentence}</li>
        ))}
      </ul>
      {by === 'second-person' && (
        <p className="notice">Somebody else who may do this must confirm it: in chat, or from a page of their own.</p>
      )}
      <div className="dialog-end">
        <button className="button" type="button" onClick={() => call.decline(confirmation)}>
          Do not
        </button>
        {by === 'actor' && (
          <button
            className={risk === 'destroy' ? 'button danger' : 'button primary'}
            type="button"
            onClick={() => call.confirm(confirmation)}
          >
            Confirm: {title}
          </button>
        )}
      </div>
    </div>
  );
}

function JobBox({ id }: { readonly id: string }) {
  const { data, error } = useJob(id);
  // The stream is faster than asking; what came of it is only in the answer.
  const live = useJobs().data?.find((job) => job.id === id);
  const job = data !== undefined && data.job.endedAt !== null ? data.job : (live ?? data?.job);
  if (job === undefined) return error === null ? null : <Trouble error={error} />;
  return (
    <div className="job-box">
      <Pill text={job.state.is} tone={job.state.is === 'running' ? 'busy' : toneOf(job.state.is)} />
      <JobProgress job={job} />
      {data?.view !== undefined && <ViewBox view={data.view} />}
      <div className="dialog-end">
        {job.endedAt === null && <CancelButton job={job} />}
        <Dialog.Close className="button primary">{job.endedAt === null ? 'Go on in the background' : 'Done'}</Dialog.Close>
      </div>
    </div>
  );
}
