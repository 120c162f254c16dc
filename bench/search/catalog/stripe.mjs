import { tool } from './define.mjs';

const pages = { 'limit#': 'How many, at most 100', starting_after: 'Cursor of the next page' };

export default [
  tool('create_customer', 'Create a customer in Stripe.', {
    'name!': 'Name of the customer',
    email: 'Address of the customer',
    'metadata{}': 'Keys and values',
  }),
  tool('list_customers', 'Fetch a list of customers from Stripe.', {
    email: 'Only with this address',
    ...pages,
  }),
  tool('update_customer', "Update a customer's name, email, address or default payment method.", {
    'customer!': 'Id of the customer',
    name: 'New name',
    email: 'New email',
    'address{}': 'New address',
  }),
  tool('create_product', 'Create a product in Stripe.', {
    'name!': 'Name of the product',
    description: 'Description',
  }),
  tool('list_products', 'Fetch a list of products from Stripe.', pages),
  tool('create_price', 'Create a price for a product, one-time or recurring.', {
    'product!': 'Id of the product',
    'unit_amount!#': 'Amount in cents',
    'currency!': 'Currency',
    'recurring{}': 'Interval of a subscription',
  }),
  tool('list_prices', 'Fetch a list of prices.', { product: 'Id of the product', ...pages }),
  tool('create_payment_link', 'Create a payment link that can be sent to customers.', {
    'price!': 'Id of the price',
    'quantity!#': 'How many',
    redirect_url: 'Where to go after payment',
  }),
  tool('create_invoice', 'Create a draft invoice for a customer.', {
    'customer!': 'Id of the customer',
    'days_until_due#': 'Days until it is due',
  }),
  tool('create_invoice_item', 'Add a line item to an invoice.', {
    'customer!': 'Id of the customer',
    'price!': 'Id of the price',
    'invoice!': 'Id of the invoice',
  }),
  tool('finalize_invoice', 'Finalize a draft invoice, so that it can be paid.', {
    'invoice!': 'Id of the invoice',
  }),
  tool('send_invoice', 'Email an invoice to the customer.', { 'invoice!': 'Id of the invoice' }),
  tool('list_invoices', 'Fetch a list of invoices, by customer and status.', {
    customer: 'Id of the customer',
    status: 'draft, open, paid, uncollectible or void',
    ...pages,
  }),
  tool('void_invoice', 'Void an invoice that was issued by mistake.', { 'invoice!': 'Id of the invoice' }),
  tool('retrieve_balance', 'Retrieve the balance of the account, available and pending.'),
  tool('create_refund', 'Refund a payment, in full or in part.', {
    'payment_intent!': 'Id of the payment',
    'amount#': 'Amount in cents',
    reason: 'duplicate, fraudulent or requested_by_customer',
  }),
  tool('list_payment_intents', 'Fetch a list of payments.', { customer: 'Id of the customer', ...pages }),
  tool('list_subscriptions', 'Fetch a list of subscriptions.', {
    customer: 'Id of the customer',
    price: 'Id of the price',
    status: 'Status',
    ...pages,
  }),
  tool('update_subscription', 'Update a subscription: change the plan, the quantity or the payment method.', {
    'subscription!': 'Id of the subscription',
    'items[]': 'New items',
    proration_behavior: 'How to prorate',
  }),
  tool('cancel_subscription', 'Cancel a subscription, now or at the end of the period.', {
    'subscription!': 'Id of the subscription',
    'at_period_end?': 'Let it run out',
  }),
  tool('create_coupon', 'Create a coupon with a percentage or fixed discount.', {
    'name!': 'Name',
    'percent_off#': 'Percentage',
    'amount_off#': 'Amount in cents',
    duration: 'once, repeating or forever',
  }),
  tool('list_coupons', 'Fetch a list of coupons.', pages),
  tool('list_disputes', 'Fetch a list of disputes (chargebacks).', {
    payment_intent: 'Id of the payment',
    ...pages,
  }),
  tool('update_dispute', 'Submit evidence for a dispute, or close it.', {
    'dispute!': 'Id of the dispute',
    'evidence{}': 'Evidence',
    'submit?': 'Send it to the bank',
  }),
  tool('list_payouts', 'Fetch a list of payouts to the bank account.', { status: 'Status', ...pages }),
];
