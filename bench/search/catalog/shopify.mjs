import { tool } from './define.mjs';

const pages = { 'first#': 'How many', after: 'Cursor of the next page' };
const product = { 'productId!': 'Id of the product' };
const order = { 'orderId!': 'Id of the order' };

export default [
  tool('get-products', 'Get all products of the store, or search products by title.', {
    searchTitle: 'Words in the title',
    ...pages,
  }),
  tool('get-product-by-id', 'Get a specific product by its id, with variants and images.', product),
  tool('create-product', 'Create a new product in the store.', {
    'title!': 'Title',
    descriptionHtml: 'Description',
    vendor: 'Vendor',
    productType: 'Type',
    'tags[]': 'Tags',
    status: 'ACTIVE, DRAFT or ARCHIVED',
  }),
  tool('update-product', 'Update the title, description, tags or status of a product.', {
    ...product,
    title: 'New title',
    descriptionHtml: 'New description',
    'tags[]': 'New tags',
    status: 'New status',
  }),
  tool('delete-product', 'Delete a product from the store.', product),
  tool('update-variant-price', 'Change the price or the compare-at price of a product variant.', {
    'variantId!': 'Id of the variant',
    'price!': 'New price',
    compareAtPrice: 'Price before the sale',
  }),
  tool('upload-product-image', 'Upload an image for a product.', {
    ...product,
    'imageUrl!': 'Where to get the image',
    altText: 'Alternative text',
  }),
  tool('get-inventory-levels', 'Get how many items of a product are in stock at each location.', product),
  tool('adjust-inventory', 'Adjust the stock of an item at a location.', {
    'inventoryItemId!': 'Id of the item',
    'locationId!': 'Location',
    'delta!#': 'By how many',
    reason: 'Why',
  }),
  tool('get-orders', 'Get orders of the store, filtered by status.', {
    status: 'open, closed, cancelled or any',
    query: 'Search query',
    ...pages,
  }),
  tool('get-order-by-id', 'Get a specific order by its id.', order),
  tool('update-order', 'Update tags, note, email or shipping address of an order.', {
    ...order,
    note: 'New note',
    'tags[]': 'New tags',
    'shippingAddress{}': 'New shipping address',
  }),
  tool('cancel-order', 'Cancel an order, with or without restocking its items.', {
    ...order,
    'restock?': 'Put the items back',
    'refund?': 'Refund the payment',
    reason: 'Why',
  }),
  tool('fulfill-order', 'Mark an order as shipped, with carrier and tracking number.', {
    ...order,
    trackingNumber: 'Tracking number',
    carrier: 'Carrier',
    'notifyCustomer?': 'Email the customer',
  }),
  tool('create-draft-order', 'Create a draft order for a customer, to be paid later.', {
    'lineItems[]!': 'Variants and quantities',
    customerId: 'Id of the customer',
    note: 'Note',
  }),
  tool('create-return', 'Open a return for items of an order.', {
    ...order,
    'lineItems[]!': 'Items that come back',
    reason: 'Why',
  }),
  tool('get-customers', 'Get customers of the store, or search them by name or email.', {
    searchQuery: 'Name or email',
    ...pages,
  }),
  tool('update-customer', 'Update the details of a customer: name, email, phone, tags.', {
    'customerId!': 'Id of the customer',
    email: 'New email',
    phone: 'New phone',
    'tags[]': 'New tags',
  }),
  tool('get-customer-orders', 'Get all orders of one customer.', {
    'customerId!': 'Id of the customer',
    ...pages,
  }),
  tool('create-discount-code', 'Create a discount code for the checkout.', {
    'code!': 'The code',
    'percentage#': 'Percentage off',
    'amount#': 'Amount off',
    startsAt: 'From when',
    endsAt: 'Until when',
  }),
  tool('get-collections', 'Get the collections of the store.', pages),
  tool('add-product-to-collection', 'Add products to a collection.', {
    'collectionId!': 'Id of the collection',
    'productIds[]!': 'Ids of the products',
  }),
  tool('get-abandoned-checkouts', 'Get checkouts that customers began and did not finish.', {
    since: 'From when',
    ...pages,
  }),
  tool('get-sales-report', 'Get total sales, orders and average order value over a time span.', {
    'from!': 'First day',
    'to!': 'Last day',
    groupBy: 'day, week, month or product',
  }),
  tool('get-shop-details', 'Get the name, domain, currency and plan of the shop.'),
];
