import{i as e,n as t,r as n,t as r}from"./status-BNk9V6ny.js";import{S as i,b as a,d as o,h as s,i as c,m as l,r as u,t as d,w as f,x as p}from"./define-DmbRD_oA.js";var m=class extends c{#e;isNothing(e){return e===null}watch(e,t){return e.watchCampaign(this.campaign,t)}createRenderRoot(){return this}connectedCallback(){super.connectedCallback(),this.addEventListener(`totals-change`,this.#t)}disconnectedCallback(){super.disconnectedCallback(),this.removeEventListener(`totals-change`,this.#t)}#t(){if(u())return;this.#e?.cancel();let e={boxShadow:`0 0 0 0.25rem var(--lit)`,borderColor:`var(--totals-glow)`};this.#e=this.querySelector(`article`)?.animate([e,{}],{duration:2400,easing:`ease-out`})}render(){let{campaign:n,words:r}=this,a=this.view?.value,o=a?e(r,a):``;return f`<article>
      <header>
        <h3><a href=${t(`/campaigns/${encodeURIComponent(n)}`)} dir="auto">${a?.title??n}</a></h3>
        ${o?f`<span class="when">${o}</span>`:i}
      </header>
      <campaign-total campaign=${n} details quiet beside></campaign-total>
      <campaign-thermometer campaign=${n} brief></campaign-thermometer>
    </article>`}},h=`/api/totals/campaigns?limit=24&sortBy=totalAmount&sortOrder=desc`;async function g(e){let t=await fetch(e?`/api/totals/campaigns?limit=24&cursor=${encodeURIComponent(e)}`:h);if(!t.ok)throw Error(`the list of campaigns: ${t.status}`);let n=s(await t.text()),r=l(n)&&l(n.data)?n.data:{},i=(Array.isArray(r.totals)?r.totals.map(o):[]).filter(e=>e!==void 0&&_(e));return typeof r.nextCursor==`string`?{campaigns:i,next:r.nextCursor}:{campaigns:i}}function _({status:e,pledges:t}){return t>0||e?.toUpperCase()!==`DRAFT`}var v=3e3,y=6e4,{words:b,isWall:x}=n(),S=class extends p{static properties={ids:{state:!0},next:{state:!0},failed:{state:!0}};createRenderRoot(){return this}connectedCallback(){super.connectedCallback(),x||this.#e()}async#e(){document.hidden||await this.#t(),setTimeout(()=>void this.#e(),this.failed?v:y)}async#t(e){try{let t=await g(e),n=this.ids===void 0;this.ids=[...new Set([...this.ids??[],...t.campaigns.map(({id:e})=>e)])],(n||e)&&(this.next=t.next),this.failed=!1}catch{this.failed=!0}}render(){return f`<section class="hero">
        <h1 class="eyebrow">${b.say(`raisedTogether`)}</h1>
        <platform-total details></platform-total>
      </section>
      ${x?i:this.#n()}
      <footer><live-status></live-status></footer>`}#n(){return f`<section aria-labelledby="campaigns">
      <h2 id="campaigns">${b.say(`campaignList`)}</h2>
      ${this.#r()}
      ${this.next?f`<button class="more" @click=${()=>this.#t(this.next)}>${b.say(`more`)}</button>`:i}
    </section>`}#r(){return this.ids===void 0?this.failed?f`<p class="note">${b.say(`unavailable`)}</p>`:i:this.ids.length===0?f`<p class="note">${b.say(`none`)}</p>`:f`<ul class="cards">
      ${a(this.ids,e=>e,e=>f`<li><campaign-card campaign=${e}></campaign-card></li>`)}
    </ul>`}};d(),customElements.define(`campaign-card`,m),customElements.define(`live-status`,r),customElements.define(`home-page`,S),document.title=b.say(`raisedTogether`);