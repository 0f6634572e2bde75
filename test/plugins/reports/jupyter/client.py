"""Asks the kernel what JupyterLab asks it, and prints the answers as one JSON object."""
import json
import sys
import time

from jupyter_client.manager import start_new_kernel

manager, client = start_new_kernel(kernel_name='novacron', cwd=sys.argv[1])
answers = {}


def run(code):
    outputs = []
    reply = client.execute_interactive(code, timeout=30, stop_on_error=True, output_hook=lambda message: outputs.append(message))
    kept = [(m['msg_type'], m['content']) for m in outputs if m['msg_type'] in ('stream', 'display_data', 'execute_result', 'error')]
    return {'status': reply['content']['status'], 'count': reply['content'].get('execution_count'), 'outputs': kept}


def ask(request):
    return client.get_shell_msg(timeout=30) if request is None else wait_for(request)


def wait_for(message_id):
    while True:
        reply = client.get_shell_msg(timeout=30)
        if reply['parent_header'].get('msg_id') == message_id:
            return reply['content']


try:
    answers['info'] = wait_for(client.kernel_info())
    answers['declare'] = run('const machine = { name: "web-1", memoryBytes: 1 };\nconsole.log("one"); console.log("two");\nmachine.name')
    answers['complete'] = wait_for(client.complete('"ü😀"; machine.mem', 17))
    answers['inspect'] = wait_for(client.inspect('machine.name', 10))
    answers['whole'] = [wait_for(client.is_complete(code))['status'] for code in ('1', 'if (a) {', 'x = )')]
    answers['error'] = run('\nnull.x')
    # The cells after one that fails are not run.
    ids = [client.execute(code) for code in ('await new Promise((resolve) => setTimeout(resolve, 300)); throw new Error("stop")', '1', '2')]
    answers['aborted'] = [wait_for(each)['status'] for each in ids]
    for name, code in (('loop', 'while (true) {}'), ('sleep', 'await new Promise(() => {})')):
        began = time.time()
        message = client.execute(code)
        time.sleep(0.5)
        manager.interrupt_kernel()
        reply = wait_for(message)
        answers[name] = {'ename': reply.get('ename'), 'seconds': time.time() - began}
    answers['after'] = run('machine.name')
    answers['exit'] = run('process.exit(3)')
    answers['restarted'] = run('typeof machine')
    answers['picture'] = [list(content['data']) for kind, content in run(
        'display({ "image/svg+xml": \'<svg xmlns="http://www.w3.org/2000/svg" width="8" height="4"/>\' })')['outputs']]
    client.shutdown()
    deadline = time.time() + 10
    while manager.is_alive() and time.time() < deadline:
        time.sleep(0.05)
    answers['ended'] = not manager.is_alive()
finally:
    client.stop_channels()
    manager.shutdown_kernel(now=True)
print(json.dumps(answers))
