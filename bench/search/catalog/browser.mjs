import { tool } from './define.mjs';

const element = {
  'element!': 'Description of the element, for people',
  'ref!': 'Reference of the element in the page snapshot',
};

export default [
  tool(
    'browser_navigate',
    'Navigate to a URL.',
    { 'url!': 'Where to go' },
    { annotations: { title: 'Navigate to a URL' } },
  ),
  tool('browser_navigate_back', 'Go back to the previous page.', {}, { annotations: { title: 'Go back' } }),
  tool('browser_reload', 'Reload the current page.', {}, { annotations: { title: 'Reload page' } }),
  tool(
    'browser_snapshot',
    'Capture an accessibility snapshot of the current page; better than a screenshot for acting on it.',
    {},
    { annotations: { title: 'Page snapshot' } },
  ),
  tool(
    'browser_take_screenshot',
    'Take a screenshot of the current page or of one element.',
    {
      element: 'Description of the element',
      ref: 'Reference of the element',
      filename: 'File to save to',
      'fullPage?': 'The whole scrollable page',
    },
    { annotations: { title: 'Take a screenshot' } },
  ),
  tool(
    'browser_click',
    'Perform a click on a web page.',
    { ...element, 'doubleClick?': 'Double click', button: 'left, right or middle' },
    { annotations: { title: 'Click' } },
  ),
  tool('browser_hover', 'Hover over an element on the page.', element, {
    annotations: { title: 'Hover mouse' },
  }),
  tool(
    'browser_type',
    'Type text into an editable element.',
    {
      ...element,
      'text!': 'Text to type',
      'submit?': 'Press Enter after it',
      'slowly?': 'One character at a time',
    },
    { annotations: { title: 'Type text' } },
  ),
  tool(
    'browser_fill_form',
    'Fill multiple form fields.',
    { 'fields[]!': 'Fields with their values' },
    { annotations: { title: 'Fill form' } },
  ),
  tool(
    'browser_select_option',
    'Select an option in a dropdown.',
    { ...element, 'values[]!': 'Values to select' },
    { annotations: { title: 'Select option' } },
  ),
  tool(
    'browser_press_key',
    'Press a key on the keyboard.',
    { 'key!': 'Name of the key, such as ArrowLeft' },
    { annotations: { title: 'Press a key' } },
  ),
  tool(
    'browser_drag',
    'Drag and drop between two elements.',
    { 'startRef!': 'What to drag', 'endRef!': 'Where to drop' },
    { annotations: { title: 'Drag mouse' } },
  ),
  tool(
    'browser_scroll',
    'Scroll the page or an element.',
    { direction: 'up or down', 'amount#': 'Pixels' },
    { annotations: { title: 'Scroll' } },
  ),
  tool(
    'browser_file_upload',
    'Upload one or more files through a file chooser.',
    { 'paths[]!': 'Absolute paths of the files' },
    { annotations: { title: 'Upload files' } },
  ),
  tool(
    'browser_handle_dialog',
    'Handle a dialog: accept or dismiss an alert, confirm or prompt.',
    { 'accept!?': 'Whether to accept it', promptText: 'Text for a prompt' },
    { annotations: { title: 'Handle a dialog' } },
  ),
  tool(
    'browser_evaluate',
    'Evaluate a JavaScript expression on the page or on an element.',
    { 'function!': 'JavaScript function', ref: 'Reference of an element' },
    { annotations: { title: 'Evaluate JavaScript' } },
  ),
  tool(
    'browser_wait_for',
    'Wait for text to appear or disappear, or for a time to pass.',
    { text: 'Text to wait for', textGone: 'Text to wait for until it is gone', 'time#': 'Seconds' },
    { annotations: { title: 'Wait for' } },
  ),
  tool(
    'browser_tabs',
    'List, create, close or select a browser tab.',
    { 'action!': 'list, new, close or select', 'index#': 'Which tab' },
    { annotations: { title: 'Manage tabs' } },
  ),
  tool(
    'browser_console_messages',
    'Returns all console messages of the page.',
    { 'onlyErrors?': 'Only errors' },
    { annotations: { title: 'Get console messages' } },
  ),
  tool(
    'browser_network_requests',
    'Returns all network requests since the page was loaded.',
    {},
    { annotations: { title: 'List network requests' } },
  ),
  tool(
    'browser_pdf_save',
    'Save the page as PDF.',
    { filename: 'File to save to' },
    { annotations: { title: 'Save as PDF' } },
  ),
  tool(
    'browser_get_cookies',
    'Get the cookies of the current page.',
    { name: 'Only this cookie' },
    { annotations: { title: 'Get cookies' } },
  ),
  tool(
    'browser_clear_storage',
    'Clear cookies, local storage and session storage.',
    { origin: 'Only of this origin' },
    { annotations: { title: 'Clear storage' } },
  ),
  tool(
    'browser_resize',
    'Resize the browser window.',
    { 'width!#': 'Width in pixels', 'height!#': 'Height in pixels' },
    { annotations: { title: 'Resize browser window' } },
  ),
  tool('browser_close', 'Close the page.', {}, { annotations: { title: 'Close browser' } }),
];
